"""Addresses of sign-in, and of a team's own pages."""

from __future__ import annotations

from django.urls import path

from teams import views
from teams.pages import account, activity, joining, team, tokens

urlpatterns = [
    path("signin/", views.SignIn.as_view(), name="sign-in"),
    path("signin/link/<str:secret>/", views.follow_link, name="sign-in-link"),
    path("admin/login/", views.admin_sign_in, name="admin-sign-in"),
    path("signout/", views.SignOut.as_view(), name="sign-out"),
    path("account/", account.account, name="account"),
    path("join/<str:secret>/", joining.join, name="join-team"),
    path("team/", team.team, name="team"),
    path("team/switch/", views.switch_team, name="switch-team"),
    path("team/rename/", team.rename, name="rename-team"),
    path("team/members/", team.invite, name="invite-member"),
    path("team/members/<int:member_pk>/role/", team.change_role, name="member-role"),
    path("team/members/<int:member_pk>/remove/", team.remove, name="member-remove"),
    path("team/members/<int:member_pk>/link/", team.link, name="member-link"),
    path("team/invitations/<int:invitation_pk>/withdraw/", team.withdraw, name="withdraw-invitation"),
    path("team/tokens/", tokens.tokens, name="tokens"),
    path("team/tokens/<int:token_pk>/revoke/", tokens.revoke, name="token-revoke"),
    path("team/activity/", activity.activity, name="activity"),
    path("team/activity.csv", activity.export, name="activity-csv"),
]
