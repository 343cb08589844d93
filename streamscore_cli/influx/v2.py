"""The v2 API (2.x, and the part of it that 1.8 has) through influxdb-client; it decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from streamscore_cli.core.errors import ServiceRefused
from streamscore_cli.influx.exchange import Exchange, Reply, refused, unreachable, unsendable
from streamscore_cli.influx.server import Dialect

if TYPE_CHECKING:
    from influxdb_client.rest import ApiException

T = TypeVar("T")

Refusal = tuple[int, str, str | None]
"""A status (0: nothing answered), what the server said, and its Retry-After."""


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation of 2.x; without an id where the dialect has none."""

    name: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket; `retention_s` is 0 where points are kept for ever."""

    id: str
    name: str
    retention_s: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """What InfluxQL's database and retention policy stand for; a virtual one the server derives from bucket names."""

    id: str
    bucket_id: str
    retention_policy: str
    default: bool
    virtual: bool


class V2Api:
    """A client of one server, to be closed; used by one thread. Heavy to import, so made on first use."""

    def __init__(self, exchange: Exchange, dialect: Dialect) -> None:
        """Open a client; connects when something is asked."""
        from influxdb_client import InfluxDBClient

        settings = exchange.settings
        login = f"{settings.user}:{settings.password}" if settings.user and dialect is Dialect.V1 else ""
        login = login.encode().decode("latin-1")  # how headers are written; the server reads UTF-8
        self._exchange = exchange
        self._dialect = dialect
        self._client = InfluxDBClient(
            url=exchange.url, token=settings.token or login, timeout=round(settings.timeout_s * 1000), retries=False
        )

    @property
    def bucket_name(self) -> str:
        """Return the bucket that stands for the database and its retention policy; in 3.x the database is one."""
        settings = self._exchange.settings
        if self._dialect is Dialect.V3 or not settings.retention_policy:
            return settings.database
        return f"{settings.database}/{settings.retention_policy}"

    def write(self, organisation: str, lines: bytes, timeout_s: float) -> Refusal | None:
        """Send lines of the line protocol with times in nanoseconds; return None when all were taken."""
        from influxdb_client import WriteService
        from influxdb_client.rest import ApiException
        from urllib3.exceptions import HTTPError

        try:
            WriteService(self._client.api_client).post_write(
                organisation,
                self.bucket_name,
                lines,
                precision="ns",
                content_type="text/plain; charset=utf-8",
                _request_timeout=max(round(timeout_s * 1000), 1),
            )
        except ApiException as error:
            return error.status or 0, self._exchange.said(_reply(error)), error.retry_after
        except (HTTPError, OSError) as error:
            return 0, unreachable(self._exchange.url, _plain(error)).message, None
        except ValueError as error:
            return 0, unsendable(self._exchange.url, error).message, None
        return None

    def organisation(self) -> Organisation:
        """Return the organisation of the settings, else the only one that the token sees.

        Raises `ServiceRefused` when there is no telling, and as all calls do.
        """
        wanted = self._exchange.settings.org
        if self._dialect is not Dialect.V2:
            return Organisation(wanted or "-")
        organisations = self._client.organizations_api()
        found: list[Any] = []
        if wanted:
            found = self._ask(lambda: organisations.find_organizations(org=wanted) or [], absent=[])
        found = found or self._ask(lambda: organisations.find_organizations() or [])
        names = [organisation.name for organisation in found]
        chosen = [each for each in found if wanted in {each.name, each.id}] if wanted else found
        if len(chosen) == 1:
            return Organisation(chosen[0].name, chosen[0].id)
        seen = f"it sees {', '.join(sorted(names)) or 'none'}"
        asked = f"The token does not see the organisation {wanted!r}" if wanted else "The organisation is not clear"
        raise ServiceRefused(
            f"InfluxDB at {self._exchange.url}: {asked}: {seen}.",
            "Name one as influxdb.org.",
            status=HTTPStatus.NOT_FOUND,
        )

    def bucket(self, organisation: Organisation) -> Bucket | None:
        """Return the bucket, None where there is none."""
        buckets = self._client.buckets_api()
        asked = {"name": self.bucket_name, "org_id": organisation.id}
        found: list[Any] = self._ask(lambda: buckets.find_buckets(**asked).buckets or [], absent=[])
        kept = [(each, [rule.every_seconds for rule in each.retention_rules or []]) for each in found]
        return next((Bucket(each.id, each.name, max(rules, default=0)) for each, rules in kept), None)

    def make_bucket(self, organisation: Organisation, retention_s: int, shard_s: int) -> None:
        """Make the bucket."""
        from influxdb_client import BucketRetentionRules, PostBucketRequest

        rule = BucketRetentionRules(type="expire", every_seconds=retention_s, shard_group_duration_seconds=shard_s)
        wanted = PostBucketRequest(org_id=organisation.id, name=self.bucket_name, retention_rules=[rule])
        self._ask(lambda: self._client.buckets_api().create_bucket(bucket=wanted))

    def keep_for(self, bucket: Bucket, retention_s: int) -> None:
        """Change how long a bucket keeps points."""
        from influxdb_client import BucketsService, PatchBucketRequest, PatchRetentionRule

        rule = PatchRetentionRule(type="expire", every_seconds=retention_s)
        request = PatchBucketRequest(retention_rules=[rule])
        self._ask(lambda: BucketsService(self._client.api_client).patch_buckets_id(bucket.id, request))

    def mappings(self, organisation: Organisation) -> list[Mapping]:
        """Return what the database stands for."""
        from influxdb_client.service.dbr_ps_service import DBRPsService

        service = DBRPsService(self._client.api_client)
        found: list[Any] = self._ask(
            lambda: service.get_dbr_ps(org_id=organisation.id, db=self._exchange.settings.database).content or [],
            absent=[],
        )
        return [
            Mapping(each.id, each.bucket_id, each.retention_policy, bool(each.default), bool(each.virtual))
            for each in found
        ]

    def make_mapping(self, organisation: Organisation, bucket: Bucket) -> None:
        """Let InfluxQL's database and retention policy stand for a bucket."""
        from influxdb_client import DBRPCreate
        from influxdb_client.service.dbr_ps_service import DBRPsService

        settings = self._exchange.settings
        wanted = DBRPCreate(
            org_id=organisation.id,
            bucket_id=bucket.id,
            database=settings.database,
            retention_policy=settings.retention_policy,
            default=True,
        )
        self._ask(lambda: DBRPsService(self._client.api_client).post_dbrp(wanted))

    def set_default(self, organisation: Organisation, mapping: Mapping) -> None:
        """Make a mapping the one that is meant when InfluxQL names no retention policy."""
        from influxdb_client import DBRPUpdate
        from influxdb_client.service.dbr_ps_service import DBRPsService

        service = DBRPsService(self._client.api_client)
        self._ask(lambda: service.patch_dbrpid(mapping.id, DBRPUpdate(default=True), org_id=organisation.id))

    def close(self) -> None:
        """Close the client's connections."""
        self._client.close()

    def _ask(self, call: Callable[[], T], absent: T | None = None) -> T:
        """Return what `call` does; `absent` stands for 404 where it is given."""
        from influxdb_client.rest import ApiException
        from urllib3.exceptions import HTTPError

        try:
            return call()
        except ApiException as error:
            if error.status == HTTPStatus.NOT_FOUND and absent is not None:
                return absent
            raise refused(self._exchange, error.status or 0, self._exchange.said(_reply(error))) from None
        except (HTTPError, OSError) as error:
            raise unreachable(self._exchange.url, _plain(error)) from None
        except ValueError as error:
            raise unsendable(self._exchange.url, error) from None


def _reply(error: ApiException) -> Reply:
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    body = error.body or str(error.reason or "")
    return Reply(error.status or 0, headers, body if isinstance(body, bytes) else body.encode())


def _plain(error: BaseException) -> BaseException:
    """Return a timeout as the built-in one, and other errors as they are: urllib3's texts name objects."""
    from urllib3.exceptions import NewConnectionError
    from urllib3.exceptions import TimeoutError as PoolTimeout

    if isinstance(error, NewConnectionError):
        return OSError(str(error).rpartition(": ")[2])
    return TimeoutError() if isinstance(error, PoolTimeout) else error
