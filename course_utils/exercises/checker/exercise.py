"""What an exercise is, and the three things a learner calls on it: check, hint, solution."""

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FunctionType

from IPython.display import Code, display

from course_utils.exercises.checker import buttons, feedback
from course_utils.exercises.checker.comparing import difference
from course_utils.exercises.checker.feedback import Verdict
from course_utils.exercises.checker.running import Observation, observe
from course_utils.exercises.checker.surroundings import Surroundings
from course_utils.lesson import progress
from course_utils.lesson.text import say, wrapped

SECONDS = 5.0  # for one case; the slowest reference takes a few milliseconds
STUB = "your code here"  # what an open exercise raises as NotImplementedError
STUBS = ("raise NotImplementedError", f"raise NotImplementedError({STUB!r})")


@dataclass(frozen=True)
class Case:
    """One call that a right answer must get right.

    ``make`` returns the arguments, fresh and equal at each call. ``label`` says in a few words
    what is special about them. ``refused``: the error to raise where they make no sense.
    """

    label: str
    make: Callable[[], tuple]
    refused: type[Exception] | None = None


@dataclass(frozen=True)
class Misconception:
    """A wrong idea as the code it leads to, and what to say to somebody who has it."""

    wrong: Callable
    says: str


@dataclass(frozen=True)
class Failure:
    """A case that went wrong, with what the reference and the learner's function did.

    ``again``: what that did when it was called once more with equal arguments.
    """

    case: Case
    expected: Observation
    got: Observation
    again: Observation


@dataclass(eq=False)
class Exercise:
    """One exercise, declared in one place.

    ``difficulty`` and ``importance``: 1 to 3. ``hints``: idea, picture, skeleton. ``cases``: from
    small to large. ``crashes``: part of an error's text → what to say about it. The answer is a
    function that leaves its arguments alone. In a lesson's module the reference is defined first
    and its name is then taken by the exercise: ``f = Exercise(reference=f, …)``.
    """

    id: str
    title: str
    difficulty: int
    importance: int
    minutes: int
    reference: Callable
    cases: tuple[Case, ...]
    hints: tuple[str, str, str]
    misconceptions: tuple[Misconception, ...]
    crashes: dict[str, str] = field(default_factory=dict)
    tolerance: float = 1e-5
    _hints_shown: int = field(default=0, repr=False)
    _observed: dict[tuple, Observation] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The name of the function to write, and of this exercise in its module."""
        return self.reference.__name__

    @property
    def lesson(self) -> str:
        """The number of its lesson: "02"."""
        return f"0{self.id.split('.')[0]}"

    def check(self, answer: object, seconds: float = SECONDS) -> Callable:
        """Say whether ``answer`` is right, and if not, why. Returns a function that is.

        That is your own if it is right and the reference otherwise, so that the lesson goes on.
        Never raises, never looks at other names of your notebook, and says the same at every run.
        """
        try:
            verdict = self.judge(answer, seconds)
        except Exception as error:  # a fault of the check must not stop the lesson
            verdict = feedback.check_failed(self, error)
        progress.record_check(self.id, verdict.outcome)
        feedback.show(feedback.with_what_is_returned(self, verdict))
        if verdict.outcome in ("wrong", "crashed"):
            buttons.show(self)
        return answer if verdict.outcome == "right" else self.reference

    def hint(self) -> None:
        """Show one hint more at each call: the idea, then a picture of it, then a skeleton."""
        self._hints_shown = min(self._hints_shown + 1, len(self.hints))
        progress.record_hint(self.id, self._hints_shown)
        say(f"Hint {self._hints_shown} of {len(self.hints)} for exercise {self.id}")
        say(textwrap.indent(wrapped(self.hints[self._hints_shown - 1]), "  "))
        if self._hints_shown == len(self.hints):
            say("That was the last one. The method .solution() shows the reference.")

    def solution(self) -> None:
        """Show the reference solution."""
        progress.record_solution(self.id)
        display(Code(inspect.getsource(self.reference), language="python"))

    def case(self, number: int) -> tuple:
        """The arguments of the case with this number, counted from 1, to try your function on."""
        if number not in range(1, len(self.cases) + 1):
            raise ValueError(
                f"Exercise {self.id} has the cases 1 to {len(self.cases)}; you gave {number}."
            )
        return self.cases[number - 1].make()

    def judge(self, answer: object, seconds: float = SECONDS) -> Verdict:
        """The outcome of a check and its words, without printing or recording anything."""
        if answer is self.reference:
            return feedback.is_the_reference(self)
        before = Surroundings()
        if not callable(answer):
            given = observe(lambda: answer, tuple, seconds, before)  # to look at it may never end
            return feedback.not_a_function(self, given.result)
        is_open = _is_open(answer)
        if is_open:
            return feedback.not_attempted(self)
        seen, failures = {}, []
        for case in self.cases:
            expected = observe(self.reference, case.make, seconds)
            if expected.error is not case.refused:
                return feedback.reference_failed(self, expected)
            got = observe(answer, case.make, seconds, before)
            if got.error is NotImplementedError and got.said in ("", STUB):
                unfinished = is_open is False  # and not: nobody can tell
                return (
                    feedback.unfinished(self, got) if unfinished else feedback.not_attempted(self)
                )
            again = got
            if not got.timed_out and not failures:
                again = observe(answer, case.make, seconds, before, seed=1)
                got = again if again.timed_out else got
            right = self._agree(expected, got) and got.equals(again, self.tolerance)
            seen[case.label] = expected if right else got
            if not right:
                failures.append(Failure(case, expected, got, again))
            if got.timed_out:  # once is enough: each further case would take as long
                break
        if not failures:
            return feedback.right(self)
        return self._explain(failures, seen)

    def _explain(self, failures: list[Failure], seen: dict[str, Observation]) -> Verdict:
        first = failures[0]  # the cases stand from small to large
        if first.got.timed_out:
            return feedback.timed_out(self, first)
        known = self._known_mistake(failures, seen) if len(seen) == len(self.cases) else None
        if known is not None:
            return feedback.misconceived(self, first, known)
        if first.got.error is not None:
            return feedback.crashed(self, first)
        return feedback.wrong(self, first)

    def _known_mistake(
        self, failures: list[Failure], seen: dict[str, Observation]
    ) -> Misconception | None:
        """The misconception behind an answer, though it may crash on a case or two besides."""
        known = self._matching_misconception(seen)
        if known is not None or failures[0].got.error is not None:
            return known
        # The crash is a second mistake, and comes up when the first is mended.
        crashed = {each.case.label for each in failures if each.got.error is not None}
        ran = {label: got for label, got in seen.items() if label not in crashed}
        return self._matching_misconception(ran) if len(ran) > len(crashed) else None

    def _matching_misconception(self, seen: dict[str, Observation]) -> Misconception | None:
        """The one whose code does on each case of ``seen`` what the learner's does there."""
        for misconception in self.misconceptions:
            for case in [case for case in self.cases if case.label in seen]:
                theirs = self._of_wrong(misconception, case)
                if not theirs.equals(seen[case.label], self.tolerance):
                    break
            else:
                return misconception
        return None

    def _of_wrong(self, misconception: Misconception, case: Case) -> Observation:
        """What its code does on a case; run once, because each wrong answer asks again."""
        key = misconception.wrong, case.label
        if key not in self._observed:
            self._observed[key] = observe(misconception.wrong, case.make, SECONDS)
        return self._observed[key]

    def _agree(self, expected: Observation, got: Observation) -> bool:
        if expected.error is not None:  # some input is to be refused
            return got.error is expected.error and not got.left
        return (
            got.error is None
            and not got.changed
            and not got.left
            and difference(expected.result, got.result, self.tolerance) is None
        )


def _is_open(answer: Callable) -> bool | None:
    """Whether nothing was written yet: a docstring, ``pass``, ``...``, our stub. None: unknown."""
    if type(answer) is not FunctionType:  # an object with ideas of its own
        return None
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(answer)))
    except (OSError, TypeError, ValueError, SyntaxError):  # no source: then running it decides
        return None
    if not isinstance(tree.body[0], ast.FunctionDef):
        return None
    return all(map(_is_empty, tree.body[0].body))


def _is_empty(line: ast.stmt) -> bool:
    constant = isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)
    return isinstance(line, ast.Pass) or constant or ast.unparse(line) in STUBS
