"""From statements of Python's own syntax tree to facts: scopes, branches, imports, bindings and uses, in one walk."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence

import msgspec

from fragaudit.extract.python.lower import Lowering, names_of, other, unpacked
from fragaudit.extract.python.places import Places
from fragaudit.extract.python.vectors import vector_statement, vector_type
from fragaudit.model.facts import MODULE_SCOPE, NO_BRANCH, Binding, Branch, Import, Parameter, Scope, Use, VectorSql
from fragaudit.model.values import (
    UNKNOWN,
    Attr,
    Call,
    Item,
    Lit,
    Map,
    Operation,
    Other,
    Ref,
    Seq,
    Span,
    Text,
    Value,
    calls,
    children,
    dotted,
)

_KEYWORDS: dict[type[ast.AST], str] = {
    ast.FunctionDef: "def ",
    ast.AsyncFunctionDef: "async def ",
    ast.ClassDef: "class ",
}
_AUGMENTED: dict[type[ast.AST], str] = {ast.BitAnd: "&", ast.BitOr: "|"}
_DDL = re.compile(r"\bcreate\s+(?:(?:unlogged|virtual|global|local|foreign)\s+)?table\b", re.IGNORECASE)


class Walk:
    """Collects the facts of one file. `left_out` are functions that can't matter, by identity of their nodes."""

    def __init__(self, places: Places, left_out: frozenset[int] = frozenset()) -> None:
        self.scopes: list[Scope] = [Scope("module", "", -1, (1, 1, 1, 1))]
        self.branches: list[Branch] = []
        self.imports: list[Import] = []
        self.bindings: list[Binding] = []
        self.uses: list[Use] = []
        self.ddl: list[tuple[str, int, Span]] = []
        self.vectors: list[VectorSql] = []
        self._scope = MODULE_SCOPE
        self._branch = NO_BRANCH
        self._groups = 0
        self._left = False
        self._left_out = left_out
        self._lowering = Lowering(places, self._bind_inside)

    def module(self, statements: Sequence[ast.stmt]) -> None:
        """Collect the facts of the statements of a module's top level, once."""
        try:
            self._block(statements, documented=True)
        finally:
            # It refers back to this walk; without it, everything goes with the last reference.
            del self._lowering

    # -- statements ------------------------------------------------------------------------------------------------

    def _block(self, body: Sequence[ast.stmt], *, documented: bool = False) -> bool:
        """Walk the statements of a block; return whether it always returns."""
        outer = self._branch
        returns = False
        for number, statement in enumerate(body):
            if documented and number == 0 and _is_text(statement):
                continue
            returns = self._statement(statement) or returns
        self._branch = outer
        return returns

    def _statement(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.Expr():
                self._expression(statement.value, statement)
            case ast.Assign():
                self._assign(statement.targets, statement.value, statement)
            case ast.AnnAssign():
                self._annotated(statement)
            case ast.AugAssign():
                operator = _AUGMENTED.get(type(statement.op))
                key = Lit(operator) if operator is not None else None
                for name in self._targets(statement.target):
                    value = self._text_checked(statement.value)
                    self._bind(name, value, self._lowering.span(statement), how="+=", key=key)
            case ast.Return():
                self._use("return", statement.value, statement)
                self._left = True
                return True
            case ast.Raise() | ast.Continue() | ast.Break():
                self._left = True
            case ast.Import() | ast.ImportFrom():
                self._import(statement)
            case ast.Assert():
                self._use("test", statement.test, statement)
            case _:
                return self._compound(statement)
        return False

    def _compound(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                if id(statement) not in self._left_out:
                    self._function(statement)
            case ast.ClassDef():
                self._class(statement)
            case ast.If():
                return self._if(statement)
            case ast.Match():
                self._match(statement)
            case ast.Try() | ast.TryStar():
                self._try(statement)
            case ast.With() | ast.AsyncWith():
                for item in statement.items:
                    value = self._text_checked(item.context_expr)
                    if item.optional_vars is not None:
                        for name in self._targets(item.optional_vars):
                            self._bind(name, value, self._lowering.span(statement), how="with")
                    else:
                        self._keep("expression", value, statement.lineno)
                return self._block(statement.body)
            case ast.For() | ast.AsyncFor():
                value = self._text_checked(statement.iter)
                for name, place in unpacked(statement.target):
                    self._bind(name, value, self._lowering.span(statement), how="for", key=place)
                self._block(statement.body)
                self._block(statement.orelse)
            case ast.While():
                self._use("test", statement.test, statement)
                self._block(statement.body)
                self._block(statement.orelse)
            case _:
                pass
        return False

    # -- choices ---------------------------------------------------------------------------------------------------

    def _arm(self, branch: Branch, body: Sequence[ast.stmt]) -> bool:
        outer, branch = self._branch, msgspec.structs.replace(branch, scope=self._scope)
        self.branches.append(branch)
        number = self._branch = len(self.branches) - 1
        left, self._left = self._left, False
        returns = self._block(body)
        if self._left:
            self.branches[number] = msgspec.structs.replace(branch, terminal=True)
        self._left = left
        self._branch = outer
        return returns

    def _group(self) -> int:
        self._groups += 1
        return self._groups

    def _if(self, statement: ast.If) -> bool:
        parent, group, arm = self._branch, self._group(), 0
        all_return, any_returns = True, False
        node = statement
        while True:
            subject, label = self._test(node.test)
            self._keep("test", self._lowering.value(node.test), 0)
            returned = self._arm(Branch(parent, group, arm, "if", subject, label), node.body)
            all_return, any_returns = all_return and returned, any_returns or returned
            arm += 1
            if not _is_elif(node):
                break
            node = node.orelse[0]  # type: ignore[assignment]
        if node.orelse:
            return self._arm(Branch(parent, group, arm, "else"), node.orelse) and all_return
        if any_returns:
            # What follows `if …: return` runs only in the other case: it is one more arm of this choice.
            self.branches.append(Branch(parent, group, arm, "rest"))
            self._branch = len(self.branches) - 1
        return False

    def _test(self, test: ast.expr) -> tuple[Value, Value | None]:
        """Split `subject == label` and `subject in labels`; any other test is a subject alone."""
        if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], (ast.Eq, ast.In, ast.Is)):
            return self._lowering.value(test.left), self._lowering.value(test.comparators[0])
        return self._lowering.value(test), None

    def _match(self, statement: ast.Match) -> None:
        subject = self._lowering.value(statement.subject)
        parent, group = self._branch, self._group()
        for arm, case in enumerate(statement.cases):
            self._arm(Branch(parent, group, arm, "match", subject, self._pattern(case.pattern)), case.body)

    def _pattern(self, pattern: ast.pattern) -> Value | None:
        match pattern:
            case ast.MatchValue():
                return self._lowering.value(pattern.value)
            case ast.MatchSingleton():
                return Lit(pattern.value)
            case ast.MatchOr():
                found = (self._pattern(option) for option in pattern.patterns)
                return Seq(tuple(value for value in found if value is not None))
            case ast.MatchAs() if pattern.pattern is not None:
                return self._pattern(pattern.pattern)
            case _:
                return None

    def _try(self, statement: ast.Try | ast.TryStar) -> None:
        parent, group = self._branch, self._group()
        self._arm(Branch(parent, group, 0, "try"), statement.body)
        for arm, handler in enumerate(statement.handlers, 1):
            self._arm(Branch(parent, group, arm, "except"), handler.body)
        if statement.orelse:
            self._arm(Branch(parent, group, 0, "try"), statement.orelse)
        self._block(statement.finalbody)

    # -- definitions -----------------------------------------------------------------------------------------------

    def _inside(self, scope: Scope, body: Callable[[], object]) -> None:
        outer_scope, outer_branch = self._scope, self._branch
        self.scopes.append(scope)
        self._scope, self._branch = len(self.scopes) - 1, NO_BRANCH
        body()
        self._scope, self._branch = outer_scope, outer_branch

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        scope = Scope(
            "function",
            node.name,
            self._scope,
            self._header(node),
            parameters=self._parameters(node.args),
            decorators=tuple(self._lowering.value(decorator) for decorator in node.decorator_list),
            returns=self._annotation(node.returns),
            branch=self._branch,
        )
        self._inside(scope, lambda: self._block(node.body, documented=True))

    def _class(self, node: ast.ClassDef) -> None:
        scope = Scope(
            "class",
            node.name,
            self._scope,
            self._header(node),
            bases=tuple(self._lowering.value(base) for base in node.bases),
            keywords=tuple((k.arg, self._lowering.value(k.value)) for k in node.keywords if k.arg),
            decorators=tuple(self._lowering.value(decorator) for decorator in node.decorator_list),
            branch=self._branch,
        )
        self._inside(scope, lambda: self._block(node.body, documented=True))

    def _header(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Span:
        line, column, _, _ = self._lowering.span(node)
        keyword = _KEYWORDS[type(node)]
        return line, column, line, column + len(keyword) + len(node.name)

    def _parameters(self, node: ast.arguments) -> tuple[Parameter, ...]:
        plain = [*node.posonlyargs, *node.args]
        defaults: list[ast.expr | None] = [*([None] * (len(plain) - len(node.defaults))), *node.defaults]
        found = [self._parameter(p, "positional", d) for p, d in zip(plain, defaults, strict=True)]
        if node.vararg is not None:
            found.append(self._parameter(node.vararg, "*", None))
        found += [self._parameter(p, "keyword", d) for p, d in zip(node.kwonlyargs, node.kw_defaults, strict=True)]
        if node.kwarg is not None:
            found.append(self._parameter(node.kwarg, "**", None))
        return tuple(found)

    def _parameter(self, node: ast.arg, kind: str, default: ast.expr | None) -> Parameter:
        value = self._lowering.value(default) if default is not None else None
        return Parameter(node.arg, kind, self._annotation(node.annotation), value)  # type: ignore[arg-type]

    def _annotation(self, node: ast.expr | None) -> Value | None:
        return annotation(self._lowering.value(node)) if node is not None else None

    # -- bindings and uses -----------------------------------------------------------------------------------------

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        line = 0
        if isinstance(node, ast.Import):
            for alias in node.names:
                module = alias.name
                local = alias.asname or module.partition(".")[0]
                whole = module if alias.asname else local
                self.imports.append(Import(self._scope, local, whole, 0, None, line, self._branch))
                if whole != module:
                    # `import a.b` also makes a.b known under the name a.
                    self.imports.append(Import(self._scope, module, module, 0, None, line, self._branch))
            return
        module, level = node.module or "", node.level
        for alias in node.names:
            local = alias.asname or alias.name
            self.imports.append(Import(self._scope, local, module, level, alias.name, line, self._branch))

    def _expression(self, node: ast.expr, statement: ast.stmt) -> None:
        value = self._text_checked(node)
        self._keep("yield" if isinstance(node, (ast.Yield, ast.YieldFrom)) else "expression", value, statement.lineno)

    def _use(self, how: str, node: ast.expr | None, statement: ast.stmt) -> None:
        if node is not None:
            self._keep(how, self._text_checked(node), statement.lineno)

    def _keep(self, how: str, value: Value, line: int) -> None:
        if how == "test" and line:
            kept = isinstance(value, (Ref, Attr, Operation)) or bool(tuple(calls(value)))  # what is asked at all
        elif how in ("return", "yield"):
            kept = value != UNKNOWN and value != Lit(None)
        else:
            kept = any(not _is_noise(call) for call in calls(value))
        if kept:
            self.uses.append(Use(self._scope, how, value, line, self._branch))  # type: ignore[arg-type]

    def _assign(self, targets: Sequence[ast.expr], node: ast.expr, at: ast.stmt) -> None:
        value = self._text_checked(node)
        span = self._lowering.span(at)
        for target in targets:
            if isinstance(target, (ast.Tuple, ast.List)):
                paired = isinstance(value, Seq) and len(value.items) == len(target.elts)
                for number, element in enumerate(target.elts):
                    item = value.items[number] if paired and isinstance(value, Seq) else Item(value, Lit(number))
                    for name in self._targets(element):
                        self._bind(name, item, span)
                continue
            if isinstance(target, ast.Subscript):
                lowered = self._lowering.value(target)
                if isinstance(lowered, Item) and dotted(lowered.base):
                    self._bind(f"{dotted(lowered.base)}[]", value, span, key=lowered.key)
                    continue
            for name in self._targets(target):
                self._bind(name, value, span)

    def _annotated(self, node: ast.AnnAssign) -> None:
        value = self._text_checked(node.value) if node.value is not None else None
        for name in self._targets(node.target):
            how = "declare" if node.value is None else "="
            note = self._annotation(node.annotation)
            self._bind(name, value, self._lowering.span(node), how=how, note=note)

    def _targets(self, target: ast.expr) -> list[str]:
        """Return the names and dotted attributes that a target binds."""
        if isinstance(target, ast.Attribute):
            name = dotted(self._lowering.value(target))
            return [name] if name else []
        if isinstance(target, ast.Starred):
            return []
        return list(names_of(target))

    def _bind_inside(self, name: str, value: Value, span: Span, iterated: bool, part: Value | None) -> None:
        self._bind(name, value, span, how="in" if iterated else "walrus", key=part)

    def _bind(
        self, target: str, value: Value | None, span: Span, *, how: str = "=", note: Value | None = None,
        key: Value | None = None,
    ) -> None:  # fmt: skip
        self.bindings.append(Binding(self._scope, target, value, note, span, how, key, self._branch))  # type: ignore[arg-type]

    def _text_checked(self, node: ast.expr) -> Value:
        """Lower an expression, noting the table definitions and the statements about vectors in its texts."""
        value = self._lowering.value(node)
        stack = [value]
        while stack:
            top = stack.pop()
            if isinstance(top, (Lit, Text)):
                text = plain(top)
                if len(text) > 12 and _DDL.search(text):
                    self.ddl.append((text, self._scope, self._lowering.span(node)))
                    defined = vector_type(_with_names(top), self._scope, self._lowering.span(node))
                    self.vectors.extend(() if defined is None else (defined,))
                elif len(text) > 12:
                    found = vector_statement(_with_names(top), self._scope, self._lowering.span(node))
                    if found is not None:
                        self.vectors.append(found)
            elif not isinstance(top, Ref):
                stack.extend(children(top))
        return value


_NOISE = frozenset(
    [
        "log",
        "logger",
        "logging",
        "LOG",
        "LOGGER",
        "_logger",
        "_log",
        "print",
        "isinstance",
        "len",
        "warnings",
        "console",
    ]
)


def _is_noise(call: Call) -> bool:
    """Say whether a call can neither open, use nor pass on a store: logging, printing, type tests."""
    func = call.func
    while isinstance(func, Attr):
        func = func.base
    return isinstance(func, Ref) and func.name in _NOISE


def plain(value: Value) -> str:
    """Return the text of a string value, holes written as `hole`."""
    if isinstance(value, Lit):
        return value.value if isinstance(value.value, str) else ""
    if isinstance(value, Text):
        return "".join(p.value if isinstance(p, Lit) and isinstance(p.value, str) else "hole" for p in value.parts)
    return ""


def _with_names(value: Value) -> str:
    """Return the text of a string value, holes with what they are called: `{embedding_column}`."""
    if not isinstance(value, Text):
        return plain(value)
    return "".join(
        p.value if isinstance(p, Lit) and isinstance(p.value, str) else "{" + getattr(p, "name", "") + "}"
        for p in value.parts
    )


def annotation(value: Value) -> Value:
    """Return an annotation with string forms read as code: `"Optional[Redis]"` is `Optional[Redis]`."""
    if isinstance(value, Lit) and isinstance(value.value, str):
        try:
            tree = ast.parse(value.value[:200].strip(), mode="eval").body
            return Lowering(Places((), True), lambda *_: None).value(tree)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return UNKNOWN
    if isinstance(value, Item):
        key = value.key
        inner = Seq(tuple(annotation(item) for item in key.items)) if isinstance(key, Seq) else annotation(key)
        return Item(value.base, inner)
    if isinstance(value, Map | Other):
        return other((value,))
    return value


def _is_text(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _is_elif(node: ast.If) -> bool:
    """Say whether what else there is of a choice is written as `elif`: it stands at the column of the `if`."""
    inner = node.orelse[0] if len(node.orelse) == 1 else None
    return isinstance(inner, ast.If) and inner.col_offset == node.col_offset
