"""The lists of allowed operations, against TensorFlow's own register of what an operation is."""

from __future__ import annotations

import pytest

from streamscore_cli.engines.tensorflow_ops import PURE, RESTORING, UNUSED, VARIABLES, OpUse, is_allowed
from streamscore_cli.engines.tensorflow_runtime import import_tensorflow

pytestmark = pytest.mark.tensorflow

# TensorFlow calls these stateful so that they are not optimised away; they keep nothing and touch nothing.
STATEFUL_BUT_HARMLESS = {
    "Assert",
    "Case",
    "CheckNumerics",
    "CheckNumericsV2",
    "GuaranteeConst",
    "If",
    "StatefulPartitionedCall",
    "While",
}
# Words in the names of operations that reach beyond the graph.
REACHING = ("File", "Py", "Save", "Restore", "Dataset", "Print", "Queue", "Table", "Send", "Recv", "Debug", "Write")


def test_every_name_is_an_operation_of_tensorflow() -> None:
    import_tensorflow()
    from tensorflow.python.framework import op_def_registry

    unknown = [op for op in PURE | VARIABLES | RESTORING | UNUSED if op_def_registry.get(op) is None]
    assert unknown == []


def test_what_is_pure_keeps_no_state() -> None:
    import_tensorflow()
    from tensorflow.python.framework import op_def_registry

    stateful = {op for op in PURE if op_def_registry.get(op).is_stateful}
    assert stateful == STATEFUL_BUT_HARMLESS


def test_what_is_pure_reaches_nothing() -> None:
    assert [op for op in sorted(PURE) if any(word in op for word in REACHING)] == []


@pytest.mark.parametrize(
    "op",
    [
        *("ReadFile", "WriteFile", "MatchingFiles", "PyFunc", "EagerPyFunc", "PyFuncStateless", "PrintV2", "Print"),
        *("ImmutableConst", "RemoteCall", "RpcCall", "TPUReplicate", "XlaLaunch", "HashTableV2", "GeneratorDataset"),
        *("InitializeTableFromTextFileV2", "LookupTableImportV2", "DebugIdentity", "Empty", "Unheard", "_Send", ""),
    ],
)
@pytest.mark.parametrize("use", OpUse)
def test_what_is_allowed_nowhere(op: str, use: OpUse) -> None:
    assert not is_allowed(op, use)


def test_saving_is_allowed_only_where_it_is_never_run() -> None:
    for op in ("SaveV2", "MergeV2Checkpoints", "ShardedFilename"):
        assert [use for use in OpUse if is_allowed(op, use)] == [OpUse.UNUSED]
    assert [use for use in OpUse if is_allowed("RestoreV2", use)] == [OpUse.RESTORING, OpUse.UNUSED]
    assert not is_allowed("ReadVariableOp", OpUse.FROZEN)
