"""TensorFlow SavedModels: the bytes of a saved_model.pb as a checked `GraphProgram`; it runs nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, TypeAlias

from streamscore_cli.core.errors import ModelRejected, ModelUnsupported
from streamscore_cli.engines.tensorflow_check import check_and_prune, node_of
from streamscore_cli.engines.tensorflow_length import check_calls
from streamscore_cli.engines.tensorflow_program import GraphProgram, InputTensor, OutputTensor, RestoreStep, shape_of
from streamscore_cli.engines.tensorflow_restore import check_restores
from streamscore_cli.engines.tensorflow_runtime import import_tensorflow

_SERVE_TAG = "serve"
_DEFAULT_SIGNATURE = "serving_default"
_START_SIGNATURE = "__saved_model_init_op"

MetaGraph: TypeAlias = Any
SignatureDef: TypeAlias = Any


def read_saved_model(data: bytes) -> GraphProgram:
    """Parse and check the bytes of a saved_model.pb: inputs and outputs are those of `serving_default`, by name.

    Where there is no such signature, the only one is taken. Raises `ModelRejected` for what is no SavedModel or has an
    operation that is not allowed, `ModelUnsupported` where no one signature is meant.
    """
    import_tensorflow()
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    try:
        saved_model = SavedModel.FromString(data)
    except DecodeError as error:
        raise ModelRejected(f"The saved_model.pb is not readable: {error}.") from None
    meta = _meta_graph(saved_model)
    signature = _signature(meta)
    start = _start_nodes(meta)
    restore = _restore_step(meta)
    inputs = tuple(_input(name, signature.inputs[name]) for name in _in_order(signature.inputs))
    outputs = tuple(OutputTensor(name, _tensor(name, signature.outputs[name])) for name in _in_order(signature.outputs))
    scoring = [*(item.tensor for item in inputs), *(item.tensor for item in outputs)]
    restoring = [] if restore is None else [restore.path_tensor, restore.node]
    graph = check_and_prune(meta.graph_def, scoring, start, restoring)
    check_restores(graph, "" if restore is None else restore.path_tensor)
    check_calls(graph)
    return GraphProgram(graph, inputs, outputs, restore, start)


def _meta_graph(saved_model: MetaGraph) -> MetaGraph:
    serving = [meta for meta in saved_model.meta_graphs if _SERVE_TAG in meta.meta_info_def.tags]
    candidates = serving or list(saved_model.meta_graphs)
    if len(candidates) != 1:
        raise ModelUnsupported(f"The SavedModel has {len(candidates)} graphs for serving; exactly one is needed.")
    return candidates[0]


def _signature(meta: MetaGraph) -> SignatureDef:
    names = [name for name in meta.signature_def if name != _START_SIGNATURE]
    if _DEFAULT_SIGNATURE in names:
        return meta.signature_def[_DEFAULT_SIGNATURE]
    if len(names) != 1:
        raise ModelUnsupported(
            f"The SavedModel has no signature '{_DEFAULT_SIGNATURE}' but {len(names)} others: {names!s:.200}.",
            f"Export it with one named '{_DEFAULT_SIGNATURE}'.",
        )
    return meta.signature_def[names[0]]


def _start_nodes(meta: MetaGraph) -> tuple[str, ...]:
    if _START_SIGNATURE in meta.signature_def:
        outputs = meta.signature_def[_START_SIGNATURE].outputs
        return tuple(node_of(outputs[name].name) for name in outputs)
    for collection in ("saved_model_main_op", "legacy_init_op"):
        if collection in meta.collection_def:
            return tuple(node_of(name) for name in meta.collection_def[collection].node_list.value)
    return ()


def _restore_step(meta: MetaGraph) -> RestoreStep | None:
    saver = meta.saver_def
    if not saver.restore_op_name:
        return None
    return RestoreStep(saver.filename_tensor_name, node_of(saver.restore_op_name))


def _in_order(tensors: Iterable[str]) -> list[str]:
    """Return the names as people count: output_2 before output_10 (a map in a protobuf message has no order)."""
    return sorted(
        tensors, key=lambda name: [(int(part), "") if part.isdigit() else (-1, part) for part in _parts(name)]
    )


def _parts(name: str) -> list[str]:
    return re.findall(r"\d+|\D+", name)


def _input(name: str, info: SignatureDef) -> InputTensor:
    return InputTensor(name, _tensor(name, info), info.dtype, shape_of(info.tensor_shape))


def _tensor(name: str, info: SignatureDef) -> str:
    if info.WhichOneof("encoding") != "name":
        raise ModelUnsupported(
            f"The SavedModel's '{name:.100}' is a sparse or composite tensor; only dense ones are taken."
        )
    return str(info.name)
