from assessments.models.assessment import Answer, Assessment
from assessments.models.catalog import Capability, Criterion, Dimension, LevelDescriptor, MaturityModel
from assessments.models.evidence import Evidence
from assessments.models.history import ScoreHistory, TeamWeek, UnitWeek
from assessments.models.measurement import Measurement, Reading
from assessments.models.score import CriterionStatus, Score, TeamScore, Verdict, VerdictChange
from assessments.models.snapshot import Snapshot

__all__ = [
    "Answer",
    "Assessment",
    "Capability",
    "Criterion",
    "CriterionStatus",
    "Dimension",
    "Evidence",
    "LevelDescriptor",
    "MaturityModel",
    "Measurement",
    "Reading",
    "Score",
    "ScoreHistory",
    "Snapshot",
    "TeamScore",
    "TeamWeek",
    "UnitWeek",
    "Verdict",
    "VerdictChange",
]
