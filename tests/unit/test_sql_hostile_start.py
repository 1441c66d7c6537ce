"""What stands before the first word of a statement is passed over once, however long it is."""

from __future__ import annotations

from fragaudit.extract.sql import read


def test_many_blanks_before_something_that_is_no_word_are_passed_over() -> None:
    (one,) = read(" " * 5_000 + "\0 INSERT INTO a (i) VALUES (5)", "sqlite")
    assert one.skipped == "it finds no rows"


def test_a_step_of_time_that_the_parser_does_not_expect_ends_nothing() -> None:
    (one,) = read("SELECT a FROM generate_series(b, c, '1 day and more') t", "postgres")
    assert (one.problem, one.dialect) == ("", "sqlite")  # by another grammar, which has no such steps
