"""Addresses of the organisation, its people and their tokens. `account_urlpatterns` are mounted without a name space."""

from __future__ import annotations

from django.urls import path

from teams.views import account, entrance, log, organisation, people, teams

app_name = "teams"
urlpatterns = [
    path("welcome/", entrance.welcome, name="welcome"),
    path("setup/", entrance.setup, name="setup"),
    path("demo/sign-in/", entrance.demo_sign_in, name="demo-sign-in"),
    path("invitations/<str:token>/", entrance.invitation, name="invitation"),
    path("organisation/", organisation.organisation, name="organisation"),
    path("organisation/events/", log.event_list, name="event-list"),
    path("organisation/units/<slug:slug>/", organisation.unit_detail, name="unit-detail"),
    path("organisation/units/<slug:slug>/units/new/", organisation.unit_create, name="unit-create"),
    path("organisation/units/<slug:slug>/teams/new/", organisation.team_create, name="team-create"),
    path("organisation/units/<slug:slug>/edit/", organisation.unit_edit, name="unit-edit"),
    path("organisation/units/<slug:slug>/move/", organisation.unit_move, name="unit-move"),
    path("teams/<slug:slug>/settings/", teams.team_settings, name="team-settings"),
    path("teams/<slug:slug>/move/", teams.team_move, name="team-move"),
    path("teams/<slug:slug>/archive/", teams.team_archive, name="team-archive"),
    path("teams/<slug:slug>/restore/", teams.team_restore, name="team-restore"),
    path("teams/<slug:slug>/members/", teams.team_members, name="team-members"),
    path("people/", people.person_list, name="person-list"),
    path("people/new/", people.person_create, name="person-create"),
    path("people/<int:pk>/", people.person_detail, name="person-detail"),
    path("people/<int:pk>/deactivate/", people.person_deactivate, name="person-deactivate"),
    path("people/<int:pk>/reactivate/", people.person_reactivate, name="person-reactivate"),
    path("people/<int:pk>/invitation/", people.person_invite_again, name="person-invite-again"),
    path("roles/<int:pk>/revoke/", people.grant_revoke, name="grant-revoke"),
    path("tokens/", account.token_list, name="token-list"),
    path("tokens/new/", account.token_create, name="token-create"),
    path("tokens/new-service/", account.service_token_create, name="service-token-create"),
    path("tokens/<int:pk>/revoke/", account.token_revoke, name="token-revoke"),
]

# In front of allauth's own: these replace pages of it, or stand beside them under the names that templates use.
account_urlpatterns = [
    path("", account.profile, name="account-home"),
    path("theme/", account.set_theme, name="theme-set"),
    path("password/reset/", entrance.forgotten, name="account_reset_password"),
]
