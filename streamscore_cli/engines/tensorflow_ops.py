"""The operations that a TensorFlow model may be made of; a list of what is allowed, because what is not has no end.

None of those in `PURE` touches files, the network, Python, devices or other processes, or keeps anything between calls.
"""

from __future__ import annotations

from enum import StrEnum


class OpUse(StrEnum):
    """What a part of a graph is there for, which decides what it may be made of."""

    FROZEN = "scoring, in a graph without variables"
    SCORING = "scoring"
    STARTING = "starting"
    RESTORING = "restoring variables"
    UNUSED = "neither scoring nor loading"


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STRUCTURE = _names(
    """
    Const Identity IdentityN NoOp Placeholder PlaceholderWithDefault PlaceholderV2 StopGradient PreventGradient Snapshot
    CheckNumerics CheckNumericsV2 EnsureShape Assert GuaranteeConst
    Switch RefSwitch Merge RefMerge Enter RefEnter Exit RefExit NextIteration RefNextIteration LoopCond ControlTrigger
    If StatelessIf While StatelessWhile Case StatelessCase For PartitionedCall StatefulPartitionedCall SymbolicGradient
    TensorListReserve TensorListFromTensor TensorListStack TensorListGetItem TensorListSetItem TensorListLength
    TensorListElementShape TensorListPushBack TensorListPopBack EmptyTensorList TensorListGather TensorListScatter
    TensorListConcatV2 TensorListSplit TensorListResize
    """
)

_MATH = _names(
    """
    Abs Acos Acosh Add AddN AddV2 AccumulateNV2 All Angle Any ApproximateEqual ArgMax ArgMin Asin Asinh Atan Atan2 Atanh
    BatchMatMul BatchMatMulV2 BatchMatMulV3 Betainc BesselI0e BesselI1e BesselI0 BesselI1 Bincount DenseBincount
    BitwiseAnd BitwiseOr BitwiseXor Bucketize Cast Ceil ClipByValue Complex ComplexAbs Conj Cos Cosh Cross Cumprod
    Cumsum CumulativeLogsumexp Digamma Div DivNoNan Einsum Equal Erf Erfc Erfinv EuclideanNorm Exp Expm1 Floor FloorDiv
    FloorMod Greater GreaterEqual HistogramFixedWidth Igamma Igammac Imag Inv Invert IsFinite IsInf IsNan LeftShift Less
    LessEqual Lgamma LinSpace Log Log1p LogicalAnd LogicalNot LogicalOr MatMul Max Maximum Mean Min Minimum
    Mod Mul MulNoNan Ndtri Neg NextAfter NotEqual Polygamma Pow Prod Range Real RealDiv Reciprocal RightShift Rint Round
    Rsqrt SegmentMax SegmentMean SegmentMin SegmentProd SegmentSum Select SelectV2 Sigmoid Sign Sin Sinh SparseMatMul
    SparseSegmentMean SparseSegmentSqrtN SparseSegmentSum Sqrt Square SquaredDifference Sub Sum Tan Tanh TruncateDiv
    TruncateMod UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentProd UnsortedSegmentSum Xdivy Xlog1py Xlogy Zeta
    Cholesky MatrixInverse MatrixDeterminant MatrixSolve MatrixTriangularSolve Qr SelfAdjointEigV2 Svd
    Dequantize QuantizeV2 QuantizedMatMul FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars
    FakeQuantWithMinMaxVarsPerChannel QuantizeAndDequantizeV2 QuantizeAndDequantizeV3 QuantizeAndDequantizeV4
    """
)

_ARRAYS = _names(
    """
    BatchToSpace BatchToSpaceND Bitcast BroadcastArgs BroadcastTo BroadcastGradientArgs Concat ConcatOffset ConcatV2
    DepthToSpace Diag DiagPart EditDistance ExpandDims ExtractImagePatches Fill Gather GatherNd GatherV2
    InvertPermutation ListDiff LowerBound MatrixBandPart MatrixDiag MatrixDiagPart MatrixDiagPartV2 MatrixDiagPartV3
    MatrixDiagV2 MatrixDiagV3 MatrixSetDiag MatrixSetDiagV2 MatrixSetDiagV3 MirrorPad OneHot OnesLike
    Pack Pad PadV2 ParallelConcat ParallelDynamicStitch DynamicPartition DynamicStitch Rank Reshape Reverse
    ReverseSequence ReverseV2 Roll ScatterNd ScatterNdNonAliasingAdd Shape ShapeN Size Slice SpaceToBatch
    SpaceToBatchND SpaceToDepth Split SplitV Squeeze StridedSlice TensorScatterAdd TensorScatterMax TensorScatterMin
    TensorScatterSub TensorScatterUpdate TensorStridedSliceUpdate Tile TopK TopKV2 Transpose ConjugateTranspose Unique
    UniqueV2 UniqueWithCounts UniqueWithCountsV2 Unpack UnravelIndex UpperBound Where ZerosLike NthElement
    RaggedGather RaggedRange RaggedTensorToSparse RaggedTensorToTensor SparseConcat SparseReorder SparseReshape
    SparseSlice SparseTensorDenseMatMul SparseToDense SparseFillEmptyRows SparseReduceSum SparseSoftmax
    """
)

_NEURAL = _names(
    """
    AvgPool AvgPool3D BatchNormWithGlobalNormalization BiasAdd BiasAddV1 Conv2D Conv2DBackpropInput Conv3D
    Conv3DBackpropInputV2 DepthwiseConv2dNative Dilation2D Elu FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 InTopK
    InTopKV2 L2Loss LRN LeakyRelu LogSoftmax MaxPool MaxPool3D MaxPoolV2 MaxPoolWithArgmax Relu Relu6 Selu Softmax
    Softplus Softsign SoftmaxCrossEntropyWithLogits SparseSoftmaxCrossEntropyWithLogits BlockLSTM BlockLSTMV2
    GRUBlockCell LSTMBlockCell ResizeArea ResizeBicubic ResizeBilinear ResizeNearestNeighbor CropAndResize
    ScaleAndTranslate AdjustContrastv2 AdjustHue AdjustSaturation HSVToRGB RGBToHSV Conv
    """
)

_TEXT = _names(
    """
    AsString RegexFullMatch RegexReplace StaticRegexFullMatch StaticRegexReplace StringJoin StringLength StringLower
    StringSplit StringSplitV2 StringStrip StringToHashBucket StringToHashBucketFast StringToHashBucketStrong
    StringToNumber StringUpper Substr ReduceJoin UnsortedSegmentJoin StringFormat StringNGrams
    """
)

PURE = _STRUCTURE | _MATH | _ARRAYS | _NEURAL | _TEXT
"""Allowed everywhere."""

VARIABLES = frozenset({"VarHandleOp", "ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VariableV2", "Variable"})
"""Reading a model's own weights: allowed in a SavedModel, which brings them."""

ASSIGNING = frozenset({"AssignVariableOp", "Assign", "VarIsInitializedOp", "IsVariableInitialized"})
"""Setting variables: allowed before the first batch, never where scoring can reach it."""

RESTORING = frozenset({"RestoreV2"})
"""Reading files: allowed only where the variables are restored, and there only the model's own (`check_restores`)."""

UNUSED = _names(
    """
    SaveV2 Save SaveSlices ShardedFilename ShardedFilespec MergeV2Checkpoints Restore RestoreSlice DisableCopyOnRead
    AssignAddVariableOp AssignSubVariableOp AssignAdd AssignSub RandomUniform RandomUniformInt RandomStandardNormal
    TruncatedNormal StatelessRandomUniform StatelessRandomUniformV2 StatelessRandomUniformInt StatelessRandomNormal
    StatelessRandomNormalV2 StatelessRandomGetKeyCounter StatelessRandomGetAlg StatelessRandomGetKeyCounterAlg
    StatelessTruncatedNormalV2 StatelessRandomUniformIntV2
    """
)
"""What an exported model carries for saving and training: tolerated where nothing that runs can reach it."""

_ALLOWED = {
    OpUse.FROZEN: PURE,
    OpUse.SCORING: PURE | VARIABLES,
    OpUse.STARTING: PURE | VARIABLES | ASSIGNING,
    OpUse.RESTORING: PURE | VARIABLES | ASSIGNING | RESTORING,
    OpUse.UNUSED: PURE | VARIABLES | ASSIGNING | RESTORING | UNUSED,
}


def is_allowed(op: str, use: OpUse) -> bool:
    """Tell whether an operation may be in a part of a graph with this use."""
    return op in _ALLOWED[use]
