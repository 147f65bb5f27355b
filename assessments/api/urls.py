"""Routes of maturity models, assessments, scores and measurements, under /api/v1/."""

from __future__ import annotations

from django.urls import path

from assessments.api import catalog, measurements, results

urlpatterns = [
    path("maturity-models/", catalog.MaturityModelList.as_view(), name="maturity-model-list"),
    path(
        "maturity-models/<slug:key>/<int:version>/",
        catalog.MaturityModelDetail.as_view(),
        name="maturity-model-detail",
    ),
    path(
        "maturity-models/<slug:key>/<int:version>/capabilities/",
        catalog.CapabilityList.as_view(),
        name="capability-list",
    ),
    path(
        "maturity-models/<slug:key>/<int:version>/criteria/",
        catalog.CriterionList.as_view(),
        name="criterion-list",
    ),
    path("signals/", catalog.SignalList.as_view(), name="signal-list"),
    path("assessments/", results.AssessmentList.as_view(), name="assessment-list"),
    path("assessments/<int:pk>/", results.AssessmentDetail.as_view(), name="assessment-detail"),
    path("teams/<slug:slug>/score/", results.TeamScoreDetail.as_view(), name="team-score"),
    path("scores/", results.ScoreList.as_view(), name="score-list"),
    path("measurements/", measurements.Measurements.as_view(), name="measurement-list"),
]
