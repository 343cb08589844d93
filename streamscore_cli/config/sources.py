"""What a settings file and the environment say, as raw values with their origins; it converts nothing."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from streamscore_cli.config.schema import (
    PER_TOPIC,
    PREFIX,
    WEAK_NAMES,
    Leaf,
    did_you_mean,
    leaves,
    section_names,
    topic_leaf,
)
from streamscore_cli.core.errors import SettingsError

FILE_NAME = "streamscore.toml"
SEE_ALL = "Without it, 'streamscore config show' lists those that there are."
SERVICE_LINK = re.compile(r"(_SERVICE_HOST|_SERVICE_PORT(_\w+)?|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$")
"""Variables that Kubernetes sets in every container for every service of the namespace, under the service's name."""
SERVICE_ADDRESS = re.compile(r"(tcp|udp|sctp)://")


class Source(StrEnum):
    """The kinds of places that a value can come from, the strongest first."""

    FLAG = "flag"
    ENVIRONMENT = "environment"
    FILE = "file"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from; `name` is the variable or the file."""

    source: Source
    name: str = ""

    def __str__(self) -> str:
        """Return it as people read it: `environment KAFKA_BROKERS_LIST`."""
        return f"{self.source.value} {self.name}".rstrip()


@dataclass(frozen=True, slots=True)
class Given:
    """A value as it was given."""

    leaf: Leaf
    value: object
    origin: Origin


def find_file(chosen: Path | None, environ: Mapping[str, str], folder: Path) -> Path | None:
    """Return the settings file: the chosen one, else STREAMSCORE_CONFIG, else streamscore.toml in `folder`, if any.

    Raises SettingsError when a file that was asked for is not there.
    """
    named = chosen or (Path(environ["STREAMSCORE_CONFIG"]) if environ.get("STREAMSCORE_CONFIG") else None)
    if named is None:
        usual = folder / FILE_NAME
        return usual if usual.is_file() else None
    path = folder / named.expanduser()
    if not path.is_file():
        raise SettingsError(f"There is no settings file {named}.", "Name another with --config or STREAMSCORE_CONFIG.")
    return path


def of_file(path: Path) -> list[Given]:
    """Return what the file says. Raises SettingsError when it is no TOML, or for an unknown name in it."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}.", "https://toml.io shows the form.") from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error
    origin = Origin(Source.FILE, str(path))
    return [given for section, content in table.items() for given in _of_section(section, content, origin)]


def of_environment(
    environ: Mapping[str, str], also_known: Collection[str]
) -> tuple[list[Given], list[Given], list[str]]:
    """Return the strong values, the weak ones (below the file) and warnings; an empty variable counts as not set.

    `also_known` are variables with our prefix that are no settings. Raises SettingsError for an unknown one.
    """
    strong: list[Given] = []
    weak: list[Given] = []
    warnings: list[str] = []
    for leaf in leaves().values():
        given = _of_variables(leaf, environ, warnings)
        if given:
            (weak if given.origin.name in WEAK_NAMES else strong).append(given)
    _check_names(environ, also_known)
    if environ.get("ZOOKEEPER_URL"):
        warnings.append("ZOOKEEPER_URL is set and not used: clients of Kafka talk to the brokers only.")
    return strong, weak, warnings


def _of_section(section: str, content: object, origin: Origin) -> Iterator[Given]:
    if not isinstance(content, dict):
        raise _unknown(section, tuple(leaves()), origin, "setting")
    if section not in section_names():
        raise _unknown(section, section_names(), origin, "table")
    if section == PER_TOPIC:
        for topic, table in content.items():
            yield from _of_topic(topic, table, origin)
        return
    for key, value in content.items():
        yield _of_secret_file(section, key, content, origin) or _given(
            leaves().get(f"{section}.{key}"), f"{section}.{key}", value, origin
        )


def _of_topic(topic: str, table: object, origin: Origin) -> Iterator[Given]:
    if not isinstance(table, dict):
        hint = f'Write [{PER_TOPIC}."orders"] and the settings of [records] below it.'
        raise SettingsError(f"{PER_TOPIC}.{topic} in {origin.name} is no table.", hint)
    for key, value in table.items():
        yield _given(topic_leaf(topic, key), f"{PER_TOPIC}.{topic}.{key}", value, origin)


def _of_secret_file(section: str, key: str, content: Mapping[str, object], origin: Origin) -> Given | None:
    leaf = leaves().get(f"{section}.{key.removesuffix('_file')}")
    if leaf is None or not leaf.secret or not key.endswith("_file"):
        return None
    if leaf.name in content:
        raise SettingsError(f"{leaf.path} and {section}.{key} are both set in {origin.name}.", "Keep one of them.")
    return Given(leaf, read_secret(Path(str(content[key])), f"{section}.{key} in {origin.name}"), origin)


def _given(leaf: Leaf | None, path: str, value: object, origin: Origin) -> Given:
    if leaf is None:
        known = tuple(leaves())
        if path.startswith(f"{PER_TOPIC}."):
            head = path.rpartition(".")[0]
            known = tuple(f"{head}.{name.partition('.')[2]}" for name in known if name.startswith("records."))
        raise _unknown(path, known, origin, "setting")
    return Given(leaf, value, origin)


def _unknown(path: str, known: tuple[str, ...], origin: Origin, what: str) -> SettingsError:
    return SettingsError(f"{path} in {origin.name} is no {what}.", did_you_mean(path, known, SEE_ALL))


def _of_variables(leaf: Leaf, environ: Mapping[str, str], warnings: list[str]) -> Given | None:
    plain = [name for name in leaf.env if environ.get(name)]
    files = [name for name in leaf.file_env if environ.get(name)]
    if plain and files:
        raise SettingsError(f"{plain[0]} and {files[0]} are both set.", "Keep one of them.")
    if files:
        origin = Origin(Source.ENVIRONMENT, files[0])
        return Given(leaf, read_secret(Path(environ[files[0]]), files[0]), origin)
    for name in plain:
        if name.endswith("_PORT") and SERVICE_ADDRESS.match(environ[name]):
            warnings.append(f"{name} is ignored: {environ[name]} is the address that Kubernetes gives to a service.")
        else:
            return Given(leaf, environ[name], Origin(Source.ENVIRONMENT, name))
    return None


def read_secret(path: Path, asked_by: str) -> str:
    """Return the content of the file without the blanks around it.

    Raises SettingsError naming the file, never its content.
    """
    try:
        content = path.expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(f"The file {path} of {asked_by} cannot be read: {reason}.") from error
    if not content:
        raise SettingsError(f"The file {path} of {asked_by} is empty.")
    return content


def _check_names(environ: Mapping[str, str], also_known: Collection[str]) -> None:
    known = {name for leaf in leaves().values() for name in (*leaf.env, *leaf.file_env)}.union(also_known)
    for name, value in environ.items():
        if not name.startswith(PREFIX) or name in known or SERVICE_LINK.search(name):
            continue
        if name.endswith("_PORT") and SERVICE_ADDRESS.match(value):
            continue
        if name.startswith(f"{PREFIX}{PER_TOPIC.upper()}_"):
            raise SettingsError(
                f"The environment variable {name} is not known.", "Settings of one topic go into the file."
            )
        ours = tuple(sorted(name for name in known if name.startswith(PREFIX)))
        raise SettingsError(f"The environment variable {name} is not known.", did_you_mean(name, ours, SEE_ALL))
