"""Addresses of teams' standings, assessments and the maturity model."""

from __future__ import annotations

from django.urls import path

from assessments.views import assessment, evidence, ladder, model, profile, signal, team, why

app_name = "assessments"

_TEAM = "teams/<slug:slug>/"
_OPEN = f"{_TEAM}assessment/"

urlpatterns = [
    path("teams/", team.team_list, name="team-list"),
    path(_TEAM, team.team_detail, name="team-detail"),
    path(f"{_TEAM}profile/", profile.profile_edit, name="profile-edit"),
    path(f"{_TEAM}capabilities/<slug:capability>/", why.capability_detail, name="capability-detail"),
    path(f"{_TEAM}criteria/<str:criterion>/", why.criterion_detail, name="criterion-detail"),
    path(f"{_TEAM}signals/<str:signal>/", signal.signal_detail, name="signal-detail"),
    path(f"{_TEAM}evidence/<int:pk>/remove/", evidence.evidence_remove, name="evidence-remove"),
    path(_OPEN, assessment.assessment_detail, name="assessment-detail"),
    path(f"{_OPEN}start/", assessment.assessment_start, name="assessment-start"),
    path(f"{_OPEN}check/", assessment.assessment_check, name="assessment-check"),
    path(f"{_OPEN}submit/", assessment.assessment_submit, name="assessment-submit"),
    path(f"{_OPEN}withdraw/", assessment.assessment_withdraw, name="assessment-withdraw"),
    path(f"{_OPEN}publish/", assessment.assessment_publish, name="assessment-publish"),
    path(f"{_OPEN}delete/", assessment.assessment_delete, name="assessment-delete"),
    path(f"{_OPEN}answers/<str:criterion>/", ladder.answer_save, name="answer-save"),
    path(f"{_OPEN}evidence/<str:criterion>/add/", evidence.evidence_add, name="evidence-add"),
    path(f"{_OPEN}<slug:capability>/", ladder.capability_edit, name="capability-edit"),
    path(f"{_OPEN}<slug:capability>/preview/", ladder.capability_preview, name="capability-preview"),
    path("model/", model.model_list, name="model-list"),
    path("model/<slug:capability>/", model.model_detail, name="model-detail"),
]
