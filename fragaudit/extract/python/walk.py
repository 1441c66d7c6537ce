"""From libcst statements to facts: scopes, branches, imports, bindings and uses, in one walk."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import libcst as cst

from fragaudit.extract.python.lower import Lowering, names_of, other
from fragaudit.model.facts import MODULE_SCOPE, NO_BRANCH, Binding, Branch, Import, Parameter, Scope, Use
from fragaudit.model.values import (
    UNKNOWN,
    Attr,
    Call,
    Item,
    Lit,
    Map,
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

_AUGMENTED = {cst.BitAndAssign: "&", cst.BitOrAssign: "|"}
_DDL = re.compile(r"\bcreate\s+(?:(?:unlogged|virtual|global|local|foreign)\s+)?table\b", re.IGNORECASE)


class Walk:
    """Collects the facts of one file; `module` may be called for several pieces of it."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = [Scope("module", "", -1, (1, 1, 1, 1))]
        self.branches: list[Branch] = []
        self.imports: list[Import] = []
        self.bindings: list[Binding] = []
        self.uses: list[Use] = []
        self.ddl: list[tuple[str, int, Span]] = []
        self._scope = MODULE_SCOPE
        self._branch = NO_BRANCH
        self._groups = 0
        self._lowering = Lowering({}, self._bind_inside)

    def module(self, module: cst.Module, spans: dict[int, Span]) -> None:
        """Collect the facts of one parsed piece whose node places are `spans`."""
        self._lowering = Lowering(spans, self._bind_inside)
        self._block(module.body, documented=True)

    # -- statements ------------------------------------------------------------------------------------------------

    def _block(self, body: Sequence[cst.CSTNode], *, documented: bool = False) -> bool:
        """Walk the statements of a block; return whether it always returns."""
        outer = self._branch
        returns = False
        for number, statement in enumerate(body):
            if isinstance(statement, cst.SimpleStatementLine):
                if documented and number == 0 and _is_text(statement):
                    continue
                returns = self._simple(statement) or returns
            else:
                returns = self._compound(statement) or returns
        self._branch = outer
        return returns

    def _body(self, node: cst.BaseSuite, *, documented: bool = False) -> bool:
        if isinstance(node, cst.SimpleStatementSuite):
            return self._simple(node)
        return self._block(node.body, documented=documented)

    def _simple(self, line: cst.SimpleStatementLine | cst.SimpleStatementSuite) -> bool:
        returns = False
        for statement in line.body:
            match statement:
                case cst.Expr():
                    self._expression(statement.value, statement)
                case cst.Assign():
                    self._assign([target.target for target in statement.targets], statement.value, statement)
                case cst.AnnAssign():
                    self._annotated(statement)
                case cst.AugAssign():
                    operator = _AUGMENTED.get(type(statement.operator))
                    for name in self._targets(statement.target):
                        value = self._text_checked(statement.value)
                        key = Lit(operator) if operator is not None else None
                        self._bind(name, value, self._lowering.span(statement), how="+=", key=key)
                case cst.Return():
                    self._use("return", statement.value, statement)
                    returns = True
                case cst.Import() | cst.ImportFrom():
                    self._import(statement)
                case cst.Assert():
                    self._use("test", statement.test, statement)
                case _:
                    pass
        return returns

    def _compound(self, statement: cst.CSTNode) -> bool:
        match statement:
            case cst.FunctionDef():
                self._function(statement)
            case cst.ClassDef():
                self._class(statement)
            case cst.If():
                return self._if(statement)
            case cst.Match():
                self._match(statement)
            case cst.Try() | cst.TryStar():
                self._try(statement)
            case cst.With():
                for item in statement.items:
                    value = self._text_checked(item.item)
                    if item.asname is not None:
                        for name in self._targets(item.asname.name):
                            self._bind(name, value, self._lowering.span(statement), how="with")
                    else:
                        self._keep("expression", value, self._lowering.span(statement)[0])
                return self._body(statement.body)
            case cst.For():
                value = self._text_checked(statement.iter)
                for name in self._targets(statement.target):
                    self._bind(name, value, self._lowering.span(statement), how="for")
                self._body(statement.body)
                if statement.orelse is not None:
                    self._body(statement.orelse.body)
            case cst.While():
                self._use("test", statement.test, statement)
                self._body(statement.body)
                if statement.orelse is not None:
                    self._body(statement.orelse.body)
            case _:
                pass
        return False

    # -- choices ---------------------------------------------------------------------------------------------------

    def _arm(self, branch: Branch, body: Callable[[], bool]) -> bool:
        outer = self._branch
        self.branches.append(branch)
        self._branch = len(self.branches) - 1
        returns = body()
        self._branch = outer
        return returns

    def _group(self) -> int:
        self._groups += 1
        return self._groups

    def _if(self, statement: cst.If) -> bool:
        parent, group, arm = self._branch, self._group(), 0
        all_return, any_returns = True, False
        node: cst.If | cst.Else | None = statement
        while isinstance(node, cst.If):
            subject, label = self._test(node.test)
            self._keep("test", self._lowering.value(node.test), 0)
            branch = Branch(parent, group, arm, "if", subject, label)
            body = node.body
            returned = self._arm(branch, lambda body=body: self._body(body))  # type: ignore[misc]
            all_return, any_returns = all_return and returned, any_returns or returned
            arm += 1
            node = node.orelse
        if isinstance(node, cst.Else):
            body = node.body
            returned = self._arm(Branch(parent, group, arm, "else"), lambda: self._body(body))
            return all_return and returned
        if any_returns:
            # What follows `if …: return` runs only in the other case: it is one more arm of this choice.
            self.branches.append(Branch(parent, group, arm, "rest"))
            self._branch = len(self.branches) - 1
        return False

    def _test(self, test: cst.BaseExpression) -> tuple[Value, Value | None]:
        """Split `subject == label` and `subject in labels`; any other test is a subject alone."""
        if isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
            operator = test.comparisons[0].operator
            if isinstance(operator, (cst.Equal, cst.In, cst.Is)):
                return self._lowering.value(test.left), self._lowering.value(test.comparisons[0].comparator)
        return self._lowering.value(test), None

    def _match(self, statement: cst.Match) -> None:
        subject = self._lowering.value(statement.subject)
        parent, group = self._branch, self._group()
        for arm, case in enumerate(statement.cases):
            branch = Branch(parent, group, arm, "match", subject, self._pattern(case.pattern))
            self._arm(branch, lambda case=case: self._body(case.body))  # type: ignore[misc]

    def _pattern(self, pattern: cst.MatchPattern) -> Value | None:
        match pattern:
            case cst.MatchValue():
                return self._lowering.value(pattern.value)
            case cst.MatchOr():
                found = (self._pattern(option.pattern) for option in pattern.patterns)
                return Seq(tuple(value for value in found if value is not None))
            case cst.MatchAs() if pattern.pattern is not None:
                return self._pattern(pattern.pattern)
            case _:
                return None

    def _try(self, statement: cst.Try | cst.TryStar) -> None:
        parent, group = self._branch, self._group()
        self._arm(Branch(parent, group, 0, "try"), lambda: self._body(statement.body))
        for arm, handler in enumerate(statement.handlers, 1):
            self._arm(Branch(parent, group, arm, "except"), lambda h=handler: self._body(h.body))  # type: ignore[misc]
        if statement.orelse is not None:
            orelse = statement.orelse.body
            self._arm(Branch(parent, group, 0, "try"), lambda: self._body(orelse))
        if statement.finalbody is not None:
            self._body(statement.finalbody.body)

    # -- definitions -----------------------------------------------------------------------------------------------

    def _inside(self, scope: Scope, body: Callable[[], object]) -> None:
        outer_scope, outer_branch = self._scope, self._branch
        self.scopes.append(scope)
        self._scope, self._branch = len(self.scopes) - 1, NO_BRANCH
        body()
        self._scope, self._branch = outer_scope, outer_branch

    def _function(self, node: cst.FunctionDef) -> None:
        scope = Scope(
            "function",
            node.name.value,
            self._scope,
            self._header(node, "def "),
            parameters=self._parameters(node.params),
            decorators=tuple(self._lowering.value(decorator.decorator) for decorator in node.decorators),
            returns=self._annotation(node.returns),
            branch=self._branch,
        )
        self._inside(scope, lambda: self._body(node.body, documented=True))

    def _class(self, node: cst.ClassDef) -> None:
        scope = Scope(
            "class",
            node.name.value,
            self._scope,
            self._header(node, "class "),
            bases=tuple(self._lowering.value(base.value) for base in node.bases),
            keywords=tuple((k.keyword.value, self._lowering.value(k.value)) for k in node.keywords if k.keyword),
            decorators=tuple(self._lowering.value(decorator.decorator) for decorator in node.decorators),
            branch=self._branch,
        )
        self._inside(scope, lambda: self._body(node.body, documented=True))

    def _header(self, node: cst.FunctionDef | cst.ClassDef, keyword: str) -> Span:
        line, column, _, _ = self._lowering.span(node)
        if isinstance(node, cst.FunctionDef) and node.asynchronous is not None:
            keyword = "async " + keyword
        return line, column, line, column + len(keyword) + len(node.name.value)

    def _parameters(self, node: cst.Parameters) -> tuple[Parameter, ...]:
        found: list[Parameter] = []
        for param in (*node.posonly_params, *node.params):
            found.append(self._parameter(param, "positional"))
        if isinstance(node.star_arg, cst.Param):
            found.append(self._parameter(node.star_arg, "*"))
        for param in node.kwonly_params:
            found.append(self._parameter(param, "keyword"))
        if node.star_kwarg is not None:
            found.append(self._parameter(node.star_kwarg, "**"))
        return tuple(found)

    def _parameter(self, node: cst.Param, kind: str) -> Parameter:
        default = self._lowering.value(node.default) if node.default is not None else None
        return Parameter(node.name.value, kind, self._annotation(node.annotation), default)  # type: ignore[arg-type]

    def _annotation(self, node: cst.Annotation | None) -> Value | None:
        return annotation(self._lowering.value(node.annotation)) if node is not None else None

    # -- bindings and uses -----------------------------------------------------------------------------------------

    def _import(self, node: cst.Import | cst.ImportFrom) -> None:
        line = 0
        if isinstance(node, cst.Import):
            for alias in node.names:
                module = _dotted_name(alias.name)
                local = _asname(alias) or module.partition(".")[0]
                whole = module if _asname(alias) else local
                self.imports.append(Import(self._scope, local, whole, 0, None, line, self._branch))
                if whole != module:
                    # `import a.b` also makes a.b known under the name a.
                    self.imports.append(Import(self._scope, module, module, 0, None, line, self._branch))
            return
        module = _dotted_name(node.module) if node.module is not None else ""
        level = len(node.relative)
        if isinstance(node.names, cst.ImportStar):
            self.imports.append(Import(self._scope, "*", module, level, "*", line, self._branch))
            return
        for alias in node.names:
            name = _dotted_name(alias.name)
            self.imports.append(Import(self._scope, _asname(alias) or name, module, level, name, line, self._branch))

    def _expression(self, node: cst.BaseExpression, statement: cst.CSTNode) -> None:
        value = self._text_checked(node)
        self._keep("yield" if isinstance(node, cst.Yield) else "expression", value, self._lowering.span(statement)[0])

    def _use(self, how: str, node: cst.BaseExpression | None, statement: cst.CSTNode) -> None:
        if node is not None:
            self._keep(how, self._text_checked(node), self._lowering.span(statement)[0])

    def _keep(self, how: str, value: Value, line: int) -> None:
        if how in ("return", "yield"):
            kept = value != UNKNOWN and value != Lit(None)
        else:
            kept = any(not _is_noise(call) for call in calls(value))
        if kept:
            self.uses.append(Use(self._scope, how, value, line, self._branch))  # type: ignore[arg-type]

    def _assign(self, targets: Sequence[cst.BaseExpression], node: cst.BaseExpression, at: cst.CSTNode) -> None:
        value = self._text_checked(node)
        span = self._lowering.span(at)
        for target in targets:
            if isinstance(target, (cst.Tuple, cst.List)):
                paired = isinstance(value, Seq) and len(value.items) == len(target.elements)
                for number, element in enumerate(target.elements):
                    item = value.items[number] if paired and isinstance(value, Seq) else Item(value, Lit(number))
                    for name in self._targets(element.value):
                        self._bind(name, item, span)
                continue
            if isinstance(target, cst.Subscript):
                lowered = self._lowering.value(target)
                if isinstance(lowered, Item) and dotted(lowered.base):
                    self._bind(f"{dotted(lowered.base)}[]", value, span, key=lowered.key)
                    continue
            for name in self._targets(target):
                self._bind(name, value, span)

    def _annotated(self, node: cst.AnnAssign) -> None:
        value = self._text_checked(node.value) if node.value is not None else None
        for name in self._targets(node.target):
            how = "declare" if node.value is None else "="
            note = self._annotation(node.annotation)
            self._bind(name, value, self._lowering.span(node), how=how, note=note)

    def _targets(self, target: cst.CSTNode) -> list[str]:
        """Return the names and dotted attributes that a target binds."""
        if isinstance(target, cst.Attribute):
            name = dotted(self._lowering.value(target))
            return [name] if name else []
        if isinstance(target, cst.StarredElement):
            return []
        return list(names_of(target))

    def _bind_inside(self, name: str, value: Value, span: Span, iterated: bool) -> None:
        self._bind(name, value, span, how="for" if iterated else "walrus")

    def _bind(
        self, target: str, value: Value | None, span: Span, *, how: str = "=", note: Value | None = None,
        key: Value | None = None,
    ) -> None:  # fmt: skip
        self.bindings.append(Binding(self._scope, target, value, note, span, how, key, self._branch))  # type: ignore[arg-type]

    def _text_checked(self, node: cst.CSTNode) -> Value:
        """Lower an expression, noting the table definitions in its texts."""
        value = self._lowering.value(node)
        stack = [value]
        while stack:
            top = stack.pop()
            if isinstance(top, (Lit, Text)):
                text = plain(top)
                if len(text) > 12 and _DDL.search(text):
                    self.ddl.append((text, self._scope, self._lowering.span(node)))
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


def annotation(value: Value) -> Value:
    """Return an annotation with string forms read as code: `"Optional[Redis]"` is `Optional[Redis]`."""
    if isinstance(value, Lit) and isinstance(value.value, str):
        try:
            return Lowering({}, lambda *_: None).value(cst.parse_expression(value.value[:200]))
        except (cst.ParserSyntaxError, RecursionError):
            return UNKNOWN
    if isinstance(value, Item):
        key = value.key
        inner = Seq(tuple(annotation(item) for item in key.items)) if isinstance(key, Seq) else annotation(key)
        return Item(value.base, inner)
    if isinstance(value, Map | Other):
        return other((value,))
    return value


def _is_text(statement: cst.SimpleStatementLine) -> bool:
    first = statement.body[0] if statement.body else None
    return isinstance(first, cst.Expr) and isinstance(first.value, (cst.SimpleString, cst.ConcatenatedString))


def _dotted_name(node: cst.CSTNode) -> str:
    names: list[str] = []
    while isinstance(node, cst.Attribute):
        names.append(node.attr.value)
        node = node.value
    if isinstance(node, cst.Name):
        names.append(node.value)
    return ".".join(reversed(names))


def _asname(alias: cst.ImportAlias) -> str:
    return alias.asname.name.value if alias.asname is not None and isinstance(alias.asname.name, cst.Name) else ""
