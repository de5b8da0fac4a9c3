"""Addresses of sign-in, and of a team's own pages."""

from __future__ import annotations

from django.urls import path

from teams import views
from teams.pages import account, activity, codes, forgotten, joining, provider, team, tokens

urlpatterns = [
    path("signin/", views.SignIn.as_view(), name="sign-in"),
    path("signin/link/<str:secret>/", views.follow_link, name="sign-in-link"),
    path("admin/login/", views.admin_sign_in, name="admin-sign-in"),
    path("signout/", views.SignOut.as_view(), name="sign-out"),
    path("signin/forgotten/", forgotten.forgotten, name="forgotten-password"),
    path("signin/code/", codes.sign_in_code, name="sign-in-code"),
    path("signin/provider/", provider.start, name="provider"),
    path("signin/provider/answer/", provider.callback, name="provider-callback"),
    path("account/identity/", provider.connect, name="connect-identity"),
    path("account/identity/remove/", provider.disconnect, name="disconnect-identity"),
    path("account/codes/", codes.codes, name="codes"),
    path("account/codes/off/", codes.turn_off, name="codes-off"),
    path("account/codes/recovery/", codes.recovery, name="recovery-codes"),
    path("team/tokens/limit/", tokens.token_limit, name="token-limit"),
    path("team/codes/", team.need_codes, name="need-codes"),
    path("team/members/<int:member_pk>/codes/", team.end_codes, name="member-codes"),
    path("account/", account.account, name="account"),
    path("account/password/", account.password, name="password"),
    path("account/address/", account.mail_confirmation, name="mail-confirmation"),
    path("account/address/<str:token>/", account.confirm_address, name="confirm-address"),
    path("account/sessions/", account.end_sessions, name="end-sessions"),
    path("account/sessions/<int:session_pk>/end/", account.end_session, name="end-session"),
    path("join/<str:secret>/", joining.join, name="join-team"),
    path("team/", team.team, name="team"),
    path("team/switch/", views.switch_team, name="switch-team"),
    path("team/rename/", team.rename, name="rename-team"),
    path("team/members/", team.invite, name="invite-member"),
    path("team/members/<int:member_pk>/role/", team.change_role, name="member-role"),
    path("team/members/<int:member_pk>/remove/", team.remove, name="member-remove"),
    path("team/members/<int:member_pk>/link/", team.link, name="member-link"),
    path("team/invitations/<int:invitation_pk>/withdraw/", team.withdraw, name="withdraw-invitation"),
    path("team/invitations/<int:invitation_pk>/renew/", team.renew, name="renew-invitation"),
    path("team/tokens/", tokens.tokens, name="tokens"),
    path("team/tokens/<int:token_pk>/revoke/", tokens.revoke, name="token-revoke"),
    path("team/service-accounts/", tokens.new_service_account, name="new-service-account"),
    path("team/activity/", activity.activity, name="activity"),
    path("team/activity.csv", activity.export_csv, name="activity-csv"),
    path("team/activity.jsonl", activity.export_json_lines, name="activity-json-lines"),
]
