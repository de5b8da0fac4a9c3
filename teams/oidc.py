"""Sign-in by an OpenID Connect provider: whom its answer names, and the teams that its groups give."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.django_client import OAuth
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from joserfc.errors import JoseError

from teams import accounts, members
from teams.models import Identity, Membership, Role, Team, User
from transform.unseen import is_unseen

#: Only signatures whose key the provider alone has.
_ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
_TIMEOUT = 10
_NAME = re.compile(r"[^\w.@+-]+")


class ProviderFailed(Exception):
    """The provider did not answer, or what it answered cannot be trusted."""


class NoTeam(Exception):
    """The person has no account here, and none of their groups has a team."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the provider named: `subject` is its own unchanging id, the rest is only shown."""

    issuer: str
    subject: str
    name: str = ""
    email: str = ""
    username: str = ""
    groups: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The person as the provider calls them."""
        return (self.email or self.username or self.name or self.subject)[:200]


def is_set_up() -> bool:
    """Whether there is a provider."""
    return bool(settings.OIDC_ISSUER and settings.OIDC_CLIENT_ID)


def go_to_provider(request: HttpRequest) -> HttpResponse:
    """The redirect to the provider, with a state, a nonce and a PKCE challenge that only this session has.

    Raises ProviderFailed.
    """
    path = reverse("provider-callback")
    back = f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)
    try:
        response: HttpResponse = _client().authorize_redirect(request, back)
    except (OAuthError, requests.RequestException, ValueError, KeyError, RuntimeError) as error:
        raise ProviderFailed(type(error).__name__) from error
    return response


def read_answer(request: HttpRequest) -> Person:
    """Whom the provider named in its answer to this session. Raises ProviderFailed."""
    client = _client()
    options = {
        "iss": {"essential": True, "value": settings.OIDC_ISSUER},
        "aud": {"essential": True, "value": settings.OIDC_CLIENT_ID},
    }
    try:
        token = client.authorize_access_token(request, claims_options=options)
        claims = dict(token["userinfo"])
        if settings.OIDC_GROUPS_CLAIM not in claims and client.server_metadata.get("userinfo_endpoint"):
            more = dict(client.userinfo(token=token))
            if more.get("sub") != claims["sub"]:
                raise ProviderFailed("The answers name two people.")
            claims = more | claims
        return _person(claims)
    except (
        OAuthError,
        JoseError,
        requests.RequestException,
        ValueError,
        KeyError,
        TypeError,
        RuntimeError,
    ) as error:
        raise ProviderFailed(type(error).__name__) from error


def find_or_make_user(person: Person) -> User:
    """The account that is connected with the person, or a new one if their groups have a team.

    An e-mail address is only kept, unconfirmed: it never finds an account. Raises NoTeam.
    """
    user = _connected(person)
    if user is None:
        if not _roles(person):
            raise NoTeam
        try:
            user = _make_user(person)
        except IntegrityError:
            # Another request of the same person made it just now.
            user = _connected(person)
            if user is None:
                raise
    if not user.is_active:
        raise NoTeam
    _give_teams(user, person)
    user.refresh_from_db()
    return user


def connect(user: User, person: Person) -> bool:
    """Let the person sign in as the user, who has proved to be one; False if another account has the identity."""
    try:
        with transaction.atomic():
            identity, is_new = Identity.objects.get_or_create(
                issuer=person.issuer, subject=person.subject, defaults={"user": user, "label": person.label}
            )
            if is_new:
                accounts.note(user, "account.identity_connected", {"as": person.label}, by=user)
    except IntegrityError:
        return False
    return identity.user_id == user.pk


def disconnect(user: User) -> None:
    """Let nobody sign in as the user by the provider any more."""
    with transaction.atomic():
        if Identity.objects.filter(user=user).delete()[0]:
            accounts.note(user, "account.identity_removed", by=user)


def _client() -> Any:
    return _client_of(
        settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET, settings.OIDC_SCOPES
    )


@lru_cache(maxsize=4)
def _client_of(issuer: str, client_id: str, secret: str, scopes: str) -> Any:
    """authlib's client; it reads the provider's metadata once, and its keys again when a new one is used."""
    client = OAuth().register(
        "provider",
        client_id=client_id,
        client_secret=secret,
        server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": scopes, "code_challenge_method": "S256", "default_timeout": _TIMEOUT},
    )
    metadata = client.load_server_metadata()
    if metadata.get("issuer") != issuer:
        raise ProviderFailed("The provider has another issuer than BATCHDECK_OIDC_ISSUER.")
    named = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
    metadata["id_token_signing_alg_values_supported"] = [name for name in named if name in _ALGORITHMS]
    return client


def _person(claims: dict[str, Any]) -> Person:
    groups = claims.get(settings.OIDC_GROUPS_CLAIM) or []
    if isinstance(groups, str):
        groups = [groups]
    return Person(
        issuer=str(claims["iss"]),
        subject=_subject(claims["sub"]),
        name=_text(claims.get("name"), 150),
        email=_text(claims.get("email"), 254),
        username=_text(claims.get("preferred_username"), 150),
        groups=tuple(str(group) for group in groups),
    )


def _subject(value: object) -> str:
    """The provider's id as it is. Raises ValueError for one that cannot be kept whole, as it could be another's."""
    subject = str(value) if isinstance(value, str | int) else ""
    if not 1 <= len(subject) <= 255 or "\0" in subject:
        raise ValueError("The provider's sub is no text of 1 to 255 characters.")
    return subject


def _text(value: object, length: int) -> str:
    """The text without characters that are not seen, by which a name could look like another one."""
    return "".join(letter for letter in str(value or "") if not is_unseen(letter)).strip()[:length]


def _connected(person: Person) -> User | None:
    rows = Identity.objects.select_related("user").filter(issuer=person.issuer, subject=person.subject)
    identity = rows.first()
    return identity.user if identity else None


def _make_user(person: Person) -> User:
    with transaction.atomic():
        user = accounts.create(_free_name(person))
        user.first_name = person.name
        user.email = person.email if _is_address(person.email) else ""
        user.save(update_fields=["first_name", "email"])
        Identity.objects.create(user=user, issuer=person.issuer, subject=person.subject, label=person.label)
        return user


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _free_name(person: Person) -> str:
    """A user name that nobody has: the provider's, with a number if it is taken."""
    base_name = (
        _NAME.sub("-", person.username or person.email.partition("@")[0] or person.name).strip("-")[:140]
        or "person"
    )
    name, number = base_name, 1
    while User.objects.filter(username__iexact=name).exists():
        number += 1
        name = f"{base_name}-{number}"
    return name


def _roles(person: Person) -> dict[str, Role]:
    """The highest role of the person's groups by the slug of the team."""
    roles: dict[str, Role] = {}
    for group, slug, role in settings.OIDC_GROUPS:
        if group in person.groups and (slug not in roles or Role(role).rank > roles[slug].rank):
            roles[slug] = Role(role)
    return roles


def _give_teams(user: User, person: Person) -> None:
    """Bring the memberships that groups gave up to date; those that people gave stay as they are.

    The last admin of a team stays its admin.
    """
    roles = _roles(person)
    for member in Membership.objects.select_related("team", "user").filter(user=user, by_groups=True):
        role = roles.get(member.team.slug)
        try:
            if role is None:
                members.remove(member, by=None)
            else:
                members.change_role(member, role, by=None)
        except members.Refused:
            continue
    joined = Membership.objects.filter(user=user).values("team__slug")
    for team in Team.objects.filter(slug__in=roles).exclude(slug__in=joined).order_by("pk"):
        members.join_by_group(team, user, roles[team.slug])
