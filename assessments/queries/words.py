"""Numbers, reasons and rules in the words that pages use. No database, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assessments import rules
from assessments.queries.signal_words import SIGNAL_WORDS
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
PART_WORDS = {"guard": "Speaks only if", "yes_if": "Says yes if", "no_if": "Says no if"}
CONFIDENCE_WORDS = {"high": "high trust", "medium": "medium trust", "low": "low trust"}
BASIS_WORDS = {"seed": "seed document", "microsoft": "Microsoft's tables", "extension": "extension"}
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


def _number(unit: Unit, given: SignalValue) -> str:
    value = float(given or 0)
    match unit:
        case Unit.BOOL:
            return "yes" if value else "no"
        case Unit.SHARE:
            return share_words(value)
        case Unit.HOURS:
            return f"{value:.0f} h" if value >= 10 else f"{value:.1f} h"
        case Unit.DAYS:
            shown = f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"
            return "1 day" if shown == "1" else f"{shown} days"
        case Unit.RATIO:
            return f"{value:.2f}"
        case Unit.COUNT:
            return f"{value:,.0f}"


def share_words(value: float) -> str:
    """0.45 as "45 %"; a share that is not whole never reads 0 or 100."""
    shown = round(value * 100)
    if shown == 0 and value > 0:
        return "under 1 %"
    if shown == 100 and value < 1:
        return "over 99 %"
    return f"{shown} %"


def signal_phrase(signal: str) -> str:
    """What the signal counts, to follow a value."""
    return SIGNAL_WORDS.get(signal, signal)


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
    return f"{OPERATOR_WORDS[op]}{value_words(signal, threshold)}"


def comparison_words(signal: str, op: str, threshold: SignalValue) -> str:
    """ "at least 80 % of merged changes had a CI run, 30 days"."""
    if SIGNALS[signal].unit is Unit.BOOL:
        return signal_phrase(signal) if threshold else f"it is not so that {signal_phrase(signal)}"
    window = window_words(signal)
    tail = "" if window == "now" else f", {window}"
    return f"{threshold_words(signal, op, threshold)} {signal_phrase(signal)}{tail}"


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
