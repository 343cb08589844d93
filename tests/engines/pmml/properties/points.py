"""Random models of points: support vector machines, clusterings and nearest neighbours."""

from __future__ import annotations

from itertools import combinations

from tests.engines.pmml.properties.case import COLOURS, LABELS, NUMBER_TARGET, Case, Maker, label_target

_DISTANCES = ("euclidean", "squaredEuclidean", "chebychev", "cityBlock", 'minkowski p-parameter="3"')


def _kernel(maker: Maker) -> str:
    gamma, coef0 = f'gamma="{maker.positive()!r}"', f'coef0="{maker.number()!r}"'
    return maker.one(
        [
            "<LinearKernelType/>",
            f'<PolynomialKernelType {gamma} {coef0} degree="{maker.one(["1", "2", "3"])}"/>',
            f"<RadialBasisKernelType {gamma}/>",
            f"<SigmoidKernelType {gamma} {coef0}/>",
        ]
    )


def _machine(maker: Maker, count: int, says: str) -> str:
    chosen = maker.some([f"v{place}" for place in range(count)])
    vectors = "".join(f'<SupportVector vectorId="{one}"/>' for one in chosen)
    values = "".join(f'<Coefficient value="{maker.number()!r}"/>' for _ in chosen)
    return (
        f"<SupportVectorMachine {says}><SupportVectors>{vectors}</SupportVectors>"
        f'<Coefficients absoluteValue="{maker.number()!r}">{values}</Coefficients></SupportVectorMachine>'
    )


def vector_case(maker: Maker) -> Case:
    """Return a support vector machine model."""
    maker.treat()
    fields = [f'<FieldRef field="{name}"/>' for name in maker.some("xyf")]
    fields += [f'<CategoricalPredictor name="c" value="{one}" coefficient="1"/>' for one in COLOURS[:2]]
    count = maker.random.randrange(1, 5)
    instances = ""
    for place in range(count):
        numbers = " ".join(repr(maker.number()) for _ in fields)
        instances += (
            f'<VectorInstance id="v{place}"><Array type="real" n="{len(fields)}">{numbers}</Array></VectorInstance>'
        )
    says, machines, target = 'functionName="regression"', _machine(maker, count, ""), NUMBER_TARGET
    if maker.chance(65):
        says, machines = _voting(maker, count)
        target = label_target()
    model = (
        f"<SupportVectorMachineModel {says}>{maker.schema()}{_kernel(maker)}"
        f"<VectorDictionary><VectorFields>{''.join(fields)}</VectorFields>{instances}</VectorDictionary>"
        f"{machines}</SupportVectorMachineModel>"
    )
    return maker.case(target, model)


def _voting(maker: Maker, count: int) -> tuple[str, str]:
    if maker.chance(50):
        wins = maker.one(["true", "false"])
        machines = "".join(_machine(maker, count, f'targetCategory="{one}"') for one in LABELS)
        return f'functionName="classification" classificationMethod="OneAgainstAll" maxWins="{wins}"', machines
    machines = ""
    for one, other in combinations(LABELS, 2):
        threshold = f' threshold="{maker.number()!r}"' if maker.chance(40) else ""
        machines += _machine(maker, count, f'targetCategory="{one}" alternateTargetCategory="{other}"{threshold}')
    return 'functionName="classification" classificationMethod="OneAgainstOne"', machines


def cluster_case(maker: Maker) -> Case:
    """Return a clustering."""
    similar = maker.binary = maker.chance(25)
    if not similar:
        maker.treat()
    names = maker.some("xy")
    measure = maker.one(["simpleMatching", "jaccard", "tanimoto"]) if similar else maker.one(_DISTANCES)
    functions = ["absDiff"] if similar else ["absDiff", "absDiff", "delta", "equal", "gaussSim"]
    fields = ""
    for name in names:
        own = f' compareFunction="{maker.one(functions)}" similarityScale="{maker.positive()!r}"'
        weight = "" if similar else f' fieldWeight="{maker.positive()!r}"'
        fields += f'<ClusteringField field="{name}"{weight}{own if maker.chance(40) else ""}/>'
    weights = " ".join(repr(maker.positive()) for _ in names)
    missing = f'<MissingValueWeights><Array type="real">{weights}</Array></MissingValueWeights>'
    clusters = "".join(_cluster(maker, place, len(names), similar=similar) for place in range(3))
    kind = "similarity" if similar else "distance"
    affinity = "".join(
        f'<OutputField name="a{place}" optype="continuous" dataType="double" feature="affinity" value="k{place}"/>'
        for place in range(3)
    )
    model = (
        f'<ClusteringModel functionName="clustering" modelClass="centerBased" numberOfClusters="3">'
        f'{maker.schema(None)}<Output><OutputField name="z" optype="categorical" dataType="string" '
        f'feature="predictedValue"/>{affinity}</Output>'
        f'<ComparisonMeasure kind="{kind}"><{measure}/></ComparisonMeasure>'
        f"{fields}{missing if not similar and maker.chance(30) else ''}{clusters}</ClusteringModel>"
    )
    return maker.case("", model)


def _cluster(maker: Maker, place: int, width: int, *, similar: bool) -> str:
    center = " ".join(maker.one(["0", "1"]) if similar else repr(maker.number()) for _ in range(width))
    return f'<Cluster id="k{place}"><Array type="real" n="{width}">{center}</Array></Cluster>'


def neighbour_case(maker: Maker) -> Case:
    """Return a model of nearest neighbours."""
    names, labels = maker.some("xyf"), maker.chance(50)
    rows = ""
    many = maker.random.randrange(3, 9)
    for place in range(many):
        cells = "".join(f"<{name}>{maker.number()!r}</{name}>" for name in names)
        answer = maker.one(LABELS) if labels else repr(maker.number())
        rows += f"<row><id>q{place}</id>{cells}<z>{answer}</z></row>"
    fields = "".join(f'<InstanceField field="{name}" column="{name}"/>' for name in ("id", *names, "z"))
    inputs = "".join(f'<KNNInput field="{name}" fieldWeight="{maker.positive()!r}"/>' for name in names)
    methods = ["majorityVote", "weightedMajorityVote"] if labels else ["average", "median", "weightedAverage"]
    says = f'{"categorical" if labels else "continuous"}ScoringMethod="{maker.one(methods)}"'
    says += f' threshold="{maker.positive()!r}"' if maker.chance(50) else ""
    output = (
        '<Output><OutputField name="near" optype="categorical" dataType="string" feature="entityId" rank="1"/></Output>'
    )
    model = (
        f'<NearestNeighborModel functionName="{"classification" if labels else "regression"}" '
        f'numberOfNeighbors="{maker.random.randrange(1, many)}" instanceIdVariable="id" {says}>'
        f"{maker.schema()}{output}<TrainingInstances><InstanceFields>{fields}</InstanceFields>"
        f"<InlineTable>{rows}</InlineTable></TrainingInstances>"
        f'<ComparisonMeasure kind="distance"><{maker.one(_DISTANCES)}/></ComparisonMeasure>'
        f"<KNNInputs>{inputs}</KNNInputs></NearestNeighborModel>"
    )
    return maker.case(label_target() if labels else NUMBER_TARGET, model)
