"""The bucket of InfluxDB 2.x and the mapping by which InfluxQL finds it; it knows nothing of 1.x."""

from __future__ import annotations

from http import HTTPStatus

from streamscore_cli.core.errors import ServiceRefused
from streamscore_cli.influx.v2 import Bucket, Mapping, Organisation, V2Api
from streamscore_cli.provision.influx_wanted import Wanted, in_words, kept_long_enough
from streamscore_cli.provision.plan import Action, Plan, Step

BUCKET = "bucket"
MAPPING = "InfluxQL mapping"


def plan(api: V2Api, wanted: Wanted) -> Plan:
    """Compare what is there with what should be; what is kept longer than wanted stays so."""
    organisation = api.organisation()
    bucket = api.bucket(organisation)
    mapping = _mapping(api, organisation, bucket, wanted) if bucket else None
    return Plan((_bucket_step(api, bucket, wanted), _mapping_step(mapping, wanted)))


def apply(api: V2Api, plan: Plan, wanted: Wanted) -> None:
    """Make and change what `plan` says."""
    organisation = api.organisation()
    for step in plan.changes:
        bucket = api.bucket(organisation)
        if step.thing.startswith(BUCKET):
            if bucket is None:
                api.make_bucket(organisation, wanted.retention_s, wanted.shard_s)
            elif not kept_long_enough(bucket.retention_s, wanted.retention_s):
                api.keep_for(bucket, wanted.retention_s)
        elif bucket is None:
            message = f"{wanted.target}: the bucket {api.bucket_name} has gone meanwhile."
            raise ServiceRefused(message, "Run it again.", status=HTTPStatus.NOT_FOUND)
        else:
            _map(api, organisation, bucket, wanted)


def _map(api: V2Api, organisation: Organisation, bucket: Bucket, wanted: Wanted) -> None:
    """Make the mapping, or make the one that there is the default; one that the server derives cannot be changed."""
    mapping = _mapping(api, organisation, bucket, wanted)
    if mapping is None or mapping.virtual:
        api.make_mapping(organisation, bucket)
    elif not mapping.default:
        api.set_default(organisation, mapping)


def _mapping(api: V2Api, organisation: Organisation, bucket: Bucket, wanted: Wanted) -> Mapping | None:
    found = [
        mapping
        for mapping in api.mappings(organisation)
        if mapping.bucket_id == bucket.id and mapping.retention_policy == wanted.retention_policy
    ]
    return min(found, key=lambda mapping: (not mapping.default, mapping.virtual), default=None)


def _bucket_step(api: V2Api, bucket: Bucket | None, wanted: Wanted) -> Step:
    thing, asked = f"{BUCKET} {api.bucket_name}", f"keeps points {in_words(wanted.retention_s)}"
    if bucket is None:
        return Step(wanted.target, thing, Action.CREATE, "", asked)
    here = f"keeps points {in_words(bucket.retention_s)}"
    if not kept_long_enough(bucket.retention_s, wanted.retention_s):
        return Step(wanted.target, thing, Action.UPDATE, here, asked)
    if bucket.retention_s != wanted.retention_s:
        return Step(wanted.target, thing, Action.LEAVE, f"{here}; shortening it would delete points", asked)
    return Step(wanted.target, thing, Action.NONE, here, asked)


def _mapping_step(mapping: Mapping | None, wanted: Wanted) -> Step:
    thing = f"{MAPPING} {wanted.database}.{wanted.retention_policy}"
    if mapping is None:
        return Step(wanted.target, thing, Action.CREATE, "", "default")
    if not mapping.default:
        action = Action.CREATE if mapping.virtual else Action.UPDATE
        return Step(wanted.target, thing, action, "not default", "default")
    return Step(wanted.target, thing, Action.NONE, "default", "default")
