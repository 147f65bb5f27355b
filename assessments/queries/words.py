"""Numbers, reasons and rules in the words that pages use. No database, no clock."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from assessments import rules
from assessments.queries.signal_words import NOT_WORDS, ONE_WORDS, SIGNAL_WORDS
from assessments.rules import Bound
from assessments.scoring import ANSWER_VALID_DAYS, SIGNAL_VALID_DAYS
from assessments.vocabulary import SIGNALS, Unit

# A share, a count, hours, or a yes and no; None is unknown.
SignalValue = float | bool | None

ANSWER_WORDS = {
    "yes": "Yes",
    "no": "No",
    "unknown": "We do not know",
    "na": "Does not apply",
    "": "Not answered",
}
SUPPORT_WORDS = {
    "measured": "measured",
    "reviewed": "reviewed",
    "evidenced": "with evidence",
    "claimed": "claimed, no evidence",
    "none": "nothing carries it",
}
FLAG_WORDS = {
    "disputed": "Disputed: the team and the signals do not agree.",
    "signal_stale": f"The reading behind it is older than {SIGNAL_VALID_DAYS} days.",
    "answer_expired": f"The team's answer is older than {ANSWER_VALID_DAYS} days and counts no more.",
    "evidence_expired": "Its evidence is past its date and carries nothing.",
    "na_not_allowed": 'The team\'s profile does not allow "does not apply" here, so it counts as no answer.',
    "na_pending": '"Does not apply" waits for a reviewer and counts as no answer until then.',
    "overridden": "A reviewer from outside the team decided.",
    "override_expired": "A reviewer's decision has come to its end.",
}
REASON_WORDS = {
    "not_configured": "nobody has said where to look",
    "unreachable": "the system could not be reached",
    "unauthorized": "the credential was refused",
    "not_found": "what was to be read is not there",
    "experiment_not_found": "the experiment is not there",
    "experiment_deleted": "the experiment was deleted",
    "model_not_found": "no registered model matches",
    "no_deployment_records": "no deployment was ever recorded",
    "selector_matches_nothing": "the selector matches nothing",
    "no_version_label": "predictions carry no version label",
    "unsupported": "the system cannot tell",
    "truncated": "the list was cut off before its end",
    "window_not_covered": "the data does not reach back far enough",
    "insufficient_sample": "too few to say",
    "history_discarded": "the system has thrown its history away",
    "registry_elsewhere": "the registry is kept elsewhere",
    "no_report_published": "no report was published",
    "run_not_found": "the run is not there",
    "shas_not_comparable": "the commits cannot be compared",
}
OPERATOR_WORDS = {
    ">=": "at least ",
    ">": "more than ",
    "<=": "at most ",
    "<": "under ",
    "==": "exactly ",
    "is": "",
}
_MEDIAN = ", median"
PART_WORDS = {"guard": "Speaks only if", "yes_if": "Says yes if", "no_if": "Says no if"}
SOURCE_WORDS = {"connection": "connection", "service": "service", "user": "entered by hand"}
CONFIDENCE_WORDS = {"high": "high trust", "medium": "medium trust", "low": "low trust"}
BASIS_WORDS = {"seed": "source document", "microsoft": "Microsoft's tables", "extension": "extension"}
CAUSE_WORDS = {
    "publication": "an assessment was published",
    "measurement": "a signal was read",
    "evidence": "evidence changed",
    "time": "something lapsed",
    "profile": "the team's profile changed",
    "maturity_model": "the maturity model changed",
}


def value_words(signal: str, value: SignalValue, bound: str = Bound.EXACT) -> str:
    """A value in its unit, "at least 31" for a lower bound; empty for an unknown one."""
    if value is None:
        return ""
    unit = SIGNALS[signal].unit if signal in SIGNALS else Unit.COUNT
    shown = _number(unit, value)
    return f"at least {shown}" if bound == Bound.LOWER and unit is not Unit.BOOL else shown


def _number(unit: Unit, given: SignalValue, digits: int = 0) -> str:
    """`digits` more behind the point than pages usually show."""
    value = float(given or 0)
    match unit:
        case Unit.BOOL:
            return "yes" if value else "no"
        case Unit.SHARE:
            return f"{value * 100:.{digits}f} %" if digits else share_words(value)
        case Unit.HOURS:
            return f"{value:,.{digits if digits or value >= 10 or value == int(value) else 1}f} h"
        case Unit.DAYS:
            shown = f"{value:,.{digits if digits or value >= 10 or value == int(value) else 1}f}"
            return "1 day" if shown == "1" else f"{shown} days"
        case Unit.RATIO:
            return f"{value:.{2 + digits}f}"
        case Unit.COUNT:
            return f"{value:,.{digits if value != int(value) else 0}f}"


# More digits than these tell nothing that a person can act on.
_FINEST = 4


def seen_words(signal: str, value: SignalValue, bound: str, beside: SignalValue) -> str:
    """A value as it is told beside a threshold: with so many digits that the two never look alike when they differ."""
    unit = SIGNALS[signal].unit if signal in SIGNALS else Unit.COUNT
    shown = value_words(signal, value, bound)
    if value is None or beside is None or unit is Unit.BOOL or value == beside:
        return shown
    for digits in range(_FINEST + 1):
        told = _number(unit, value, digits)
        if told not in {_number(unit, beside, digits), _exact(unit, beside)}:
            return f"at least {told}" if bound == Bound.LOWER else told
    return f"{'a little over' if value > beside else 'a little under'} {_exact(unit, beside)}"


def _exact(unit: Unit, value: SignalValue) -> str:
    """A threshold, which is somebody's choice: 99.9 % stays 99.9 %."""
    if unit is Unit.SHARE:
        return f"{float(value or 0) * 100:.6g} %"
    if unit is Unit.HOURS:
        return f"{float(value or 0):g} h"
    if unit is Unit.DAYS:
        shown = f"{float(value or 0):g}"
        return "1 day" if shown == "1" else f"{shown} days"
    return _number(unit, value)


def share_words(value: float) -> str:
    """0.45 as "45 %"; a share that is not whole never reads 0 or 100."""
    shown = round(value * 100)
    if shown == 0 and value > 0:
        return "under 1 %"
    if shown == 100 and value < 1:
        # Cut, not rounded: availability is told apart there. 99.95 %.
        cut = math.floor(round(value * 10_000, 6)) / 100
        return f"{min(cut, 99.99):g} %"
    return f"{shown} %"


def signal_phrase(signal: str, value: SignalValue = None) -> str:
    """What the signal counts, to follow a value; of one thing in the singular."""
    if value is not None and not isinstance(value, bool) and value == 1 and signal in ONE_WORDS:
        return ONE_WORDS[signal]
    return SIGNAL_WORDS.get(signal, signal)


def _with_window(signal: str, told: str) -> str:
    """What is told of a signal with how far it looks back; nothing for what is so now."""
    window = window_words(signal)
    days = "" if window == "now" else "last day" if window == "1 day" else f"last {window}"
    if told.endswith(_MEDIAN):
        inside = f"median, {days}" if days else "median"
        return f"{told.removesuffix(_MEDIAN)} ({inside})"
    if not days:
        return told
    return f"{told} in the {days}" if SIGNALS[signal].unit is Unit.COUNT else f"{told} ({days})"


def saw_words(signal: str, value: SignalValue, bound: str, beside: SignalValue) -> str:
    """What was seen in a clause: "87 % of CI runs on the default branch passed", "no test files are there"."""
    if isinstance(value, bool):
        return SIGNAL_WORDS.get(signal, signal) if value else NOT_WORDS.get(signal, f"not so: {signal}")
    phrase = signal_phrase(signal, value).removesuffix(_MEDIAN)
    if value == 0 and bound == Bound.EXACT and signal in ONE_WORDS:
        return f"no {phrase}"
    return f"{seen_words(signal, value, bound, beside)} {phrase}"


def window_words(signal: str) -> str:
    """How far back a signal looks: "90 days", or "now"."""
    days = SIGNALS[signal].window_days if signal in SIGNALS else 0
    if days == 0:
        return "now"
    return "1 day" if days == 1 else f"{days} days"


def reason_words(reason: str) -> str:
    """Why a value is unknown; the reason itself where it is not one of ours."""
    return REASON_WORDS.get(reason, reason.replace("_", " "))


def threshold_words(signal: str, op: str, threshold: SignalValue) -> str:
    """What a comparison asks for: "at least 80 %"."""
    unit = SIGNALS[signal].unit if signal in SIGNALS else Unit.COUNT
    if unit is Unit.BOOL:
        return "yes" if threshold else "no"
    if unit is Unit.SHARE and op == ">=" and threshold == 1:
        return "100 %"
    return f"{OPERATOR_WORDS[op]}{_exact(unit, threshold)}"


def comparison_words(signal: str, op: str, threshold: SignalValue) -> str:
    """A clause: "at least 80 % of merged changes had a CI run (last 30 days)", "there is at least 1 live model version"."""
    unit = SIGNALS[signal].unit
    if unit is Unit.BOOL:
        return SIGNAL_WORDS[signal] if threshold else NOT_WORDS.get(signal, f"not so: {signal}")
    asks = f"{threshold_words(signal, op, threshold)} {signal_phrase(signal, threshold)}"
    if unit is Unit.COUNT:
        if op == "==" and threshold == 0:
            asks = f"no {signal_phrase(signal)}"
        is_now, is_one = SIGNALS[signal].window_days == 0, threshold == 1
        verb = ("is" if is_one else "are") if is_now else ("was" if is_one else "were")
        return _with_window(signal, f"there {verb} {asks}")
    return _with_window(signal, f"it took {asks}" if unit is Unit.HOURS else asks)


def question_words(signal: str) -> str:
    """What is not known while a signal is: "what share of CI runs on the default branch passed", "whether test files are there"."""
    phrase = signal_phrase(signal).removesuffix(_MEDIAN)
    match SIGNALS[signal].unit if signal in SIGNALS else Unit.COUNT:
        case Unit.BOOL:
            return f"whether {phrase}"
        case Unit.SHARE:
            return f"what share {phrase}"
        case Unit.HOURS | Unit.DAYS:
            return f"how long it took {phrase}"
        case Unit.COUNT | Unit.RATIO:
            return f"how many {phrase}"


def condition_words(condition: rules.Condition) -> str:
    """A condition as a sentence without a full stop."""
    match condition:
        case rules.Comparison(signal=signal, op=op, value=value):
            return comparison_words(signal, op, value)
        case rules.All(parts=parts):
            return "; and ".join(condition_words(part) for part in parts)
        case rules.Any(parts=parts):
            return "; or ".join(condition_words(part) for part in parts)


def rule_words(rule: rules.Rule) -> tuple[tuple[str, str], ...]:
    """The parts of a rule that are there: (when it speaks, the condition in words)."""
    parts = (("guard", rule.guard), ("yes_if", rule.yes_if), ("no_if", rule.no_if))
    return tuple((PART_WORDS[name], condition_words(part)) for name, part in parts if part is not None)


def tally_words(numerator: float | None, denominator: float | None, sample: int | None) -> str:
    """ "24 of 31", "n = 31", or nothing."""
    if numerator is not None and denominator is not None:
        return f"{numerator:,.0f} of {denominator:,.0f}"
    return "" if sample is None else f"n = {sample:,}"


def source_words(source: str, url: str) -> str:
    """The host that a fact can be checked at, else the kind of its source with its key."""
    if url:
        return urlsplit(url).netloc
    kind, _, key = source.partition(":")
    return f"{SOURCE_WORDS[kind]} {key}".strip() if kind in SOURCE_WORDS else source


def status_words(status: str, support: str) -> str:
    """ "yes, measured"; for an unknown only that."""
    if status == "unknown":
        return "not known"
    if status == "na":
        return "does not apply"
    return f"{status}, {SUPPORT_WORDS[support]}"


def flag_words(flags: Iterable[str]) -> tuple[str, ...]:
    """One sentence for each flag."""
    return tuple(FLAG_WORDS[flag] for flag in flags)


def list_words(names: Sequence[str]) -> str:
    """ "A", "A and B", "A, B and C"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def count_words(count: int, one: str, many: str = "") -> str:
    """ "1 criterion", "3 criteria"; without `many` an s is put behind."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def three_words(verified: int | None, level: int | None, potential: int | None) -> str:
    """ "level 2 (verified 1, up to 3)"; less where the numbers agree."""
    if verified is None or level is None or potential is None:
        return "no level"
    beside = [f"verified {verified}"] if verified != level else []
    beside += [f"up to {potential}"] if potential != level else []
    return f"level {level} ({', '.join(beside)})" if beside else f"level {level}"
