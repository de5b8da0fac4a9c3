"""Asks Spark itself what its models answer, and writes that as the cases of test_against_spark.py.

    python -m venv spark && spark/bin/pip install pyspark==3.5.6 numpy==1.26.4 setuptools
    spark/bin/python tests/engine/sparkml/spark/make_expected.py

Needs Java 17. Each case has an operator with the attributes that MLeap's exporter gives it, the columns that go in, and
the columns that Spark makes of them.
"""

import json
import math
import random
from pathlib import Path

from pyspark.ml import classification, clustering, feature, regression
from pyspark.ml.linalg import Vectors
from pyspark.sql import SparkSession

EXPECTED = Path(__file__).with_name("expected.json")
WORDS = [
    "Spark",
    "trains",
    "a",
    "model",
    "the",
    "engine",
    "answers",
    "rows",
    "of",
    "data",
    "in",
    "batches",
    "ÉTÉ",
]
COLOURS = ["red", "blue", "green", "blue", "red", "blue"]
#: Rows that models are trained on; the others lie outside of what they have seen.
TRAINED = 40
NUMBERS = ["first", "second", "third", "fourth"]


def make_rows():
    """Rows of numbers, a text, a colour and two labels."""
    chance = random.Random(13)
    rows = []
    for number in range(48):
        spread = 1.0 if number < TRAINED else 3.0
        numbers = [round(chance.uniform(-2, 2) * spread, 3) for _ in NUMBERS]
        target = round(3 * numbers[0] - numbers[1] + numbers[2] * numbers[3] + chance.gauss(0, 0.2), 3)
        rows.append(
            {
                **dict(zip(NUMBERS, numbers, strict=True)),
                "vector": numbers,
                "counts": [abs(round(value * 2)) for value in numbers],
                "flags": [float(value > 0) for value in numbers],
                "colour": COLOURS[number % len(COLOURS)],
                "text": "  ".join(chance.choice(WORDS) for _ in range(chance.randint(0, 6))) + " ",
                "target": target,
                "kind": float(target > 0),
                "group": float(sum(target > limit for limit in (-1.5, 1.5))),
            }
        )
    return rows


ROWS = make_rows()
spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.ui.enabled", "false")
    .config("spark.sql.shuffle.partitions", "1")
    .config("spark.default.parallelism", "1")
    .config("spark.sql.adaptive.enabled", "false")
    .config("spark.log.level", "ERROR")
    .getOrCreate()
)
VECTORS = ("vector", "counts", "flags")


def table_of(rows):
    """Rows as a table that Spark keeps in memory."""
    values = [tuple(Vectors.dense(v) if k in VECTORS else v for k, v in row.items()) for row in rows]
    return spark.createDataFrame(values, list(ROWS[0])).coalesce(1).cache()


frame, training = table_of(ROWS), table_of(ROWS[:TRAINED])
cases = []


def plain(value):
    """A value of a Spark row as JSON has it."""
    if hasattr(value, "toArray"):
        return [float(number) for number in value.toArray()]
    return value


def columns(table, names):
    """The values of columns by their names."""
    rows = table.select(*names).collect()
    return {name: [plain(row[number]) for row in rows] for number, name in enumerate(names)}


def tensor(values, *dimensions):
    """An attribute that is a tensor."""
    numbers = [float(value) for value in values]
    return {"tensor": numbers, "dimensions": list(dimensions) or [len(numbers)]}


def matrix(values):
    """An attribute that is a matrix, column by column."""
    return tensor(values.toArray().flatten(order="F"), values.numRows, values.numCols)


def case(name, operator, attributes, inputs, outputs, after, **more):
    """Record a case: ports and their columns, the frame that goes in and Spark's own."""
    print(name, flush=True)
    values_by_column = columns(after, [*inputs.values(), *outputs.values()])
    cases.append(
        {
            "name": name,
            "operator": operator,
            "attributes": attributes,
            "inputs": inputs,
            "outputs": outputs,
            "columns": {source: values_by_column[source] for source in inputs.values()},
            "expected": {target: values_by_column[target] for target in outputs.values()},
            **more,
        }
    )


def column_case(name, operator, attributes, transformer, before=None, source="vector", **more):
    """A case of a transformer from one column to y."""
    before = frame if before is None else before
    after = transformer.transform(before)
    case(name, operator, attributes, {"input": source}, {"output": "y"}, after, **more)
    return after


labels = list(feature.StringIndexer(inputCol="colour", outputCol="index").fit(training).labels)
indexed = feature.StringIndexer(inputCol="colour", outputCol="index").fit(training).transform(frame).cache()

# Models

FEATURES = {"features": "vector"}
PREDICTION = {"prediction": "prediction"}
CLASSES = {"raw_prediction": "rawPrediction", "probability": "probability", "prediction": "prediction"}


def model(name, operator, attributes, fitted, outputs, source="vector", **more):
    """A case of a model from a vector to its outputs."""
    case(name, operator, attributes, {"features": source}, outputs, fitted.transform(frame), **more)


fitted = regression.LinearRegression(featuresCol="vector", labelCol="target").fit(training)
model(
    "linear_regression",
    "linear_regression",
    {"coefficients": tensor(fitted.coefficients), "intercept": fitted.intercept},
    fitted,
    PREDICTION,
)
for family, link, label in (
    ("gaussian", "identity", "target"),
    ("gaussian", "log", "shifted"),
    ("binomial", "logit", "kind"),
    ("binomial", "probit", "kind"),
    ("binomial", "cloglog", "kind"),
    ("poisson", "log", "group"),
    ("poisson", "sqrt", "group"),
    ("gamma", "inverse", "shifted"),
    ("gamma", "log", "shifted"),
):
    shifted = training.selectExpr("*", "exp(target / 8) + 2 as shifted")
    fitted = regression.GeneralizedLinearRegression(
        featuresCol="vector",
        labelCol=label,
        family=family,
        link=link,
        linkPredictionCol="linkPrediction",
        regParam=0.1,
    ).fit(shifted)
    model(
        f"generalized_linear_regression {family} {link}",
        "generalized_linear_regression",
        {
            "coefficients": tensor(fitted.coefficients),
            "intercept": fitted.intercept,
            "family": family,
            "link": link,
        },
        fitted,
        {**PREDICTION, "link_prediction": "linkPrediction"},
    )
for threshold in (0.5, 0.3):
    fitted = classification.LogisticRegression(
        featuresCol="vector", labelCol="kind", regParam=0.05, threshold=threshold
    ).fit(training)
    model(
        f"logistic_regression {threshold}",
        "logistic_regression",
        {
            "num_classes": 2,
            "coefficients": tensor(fitted.coefficients),
            "intercept": fitted.intercept,
            "threshold": threshold,
        },
        fitted,
        CLASSES,
    )
for thresholds in (None, [0.2, 0.5, 0.3]):
    limits = {"thresholds": thresholds} if thresholds else {}
    fitted = classification.LogisticRegression(
        featuresCol="vector", labelCol="group", regParam=0.05, **limits
    ).fit(training)
    model(
        f"logistic_regression of three classes {thresholds}",
        "logistic_regression",
        {
            "num_classes": 3,
            "coefficient_matrix": matrix(fitted.coefficientMatrix),
            "intercept_vector": tensor(fitted.interceptVector),
            **limits,
        },
        fitted,
        CLASSES,
    )
fitted = classification.LinearSVC(featuresCol="vector", labelCol="kind", threshold=0.1).fit(training)
model(
    "linear_svc",
    "linear_svc",
    {"coefficients": tensor(fitted.coefficients), "intercept": fitted.intercept, "threshold": 0.1},
    fitted,
    {"raw_prediction": "rawPrediction", "prediction": "prediction"},
)
for kind, source in (("multinomial", "counts"), ("bernoulli", "flags")):
    fitted = classification.NaiveBayes(featuresCol=source, labelCol="group", modelType=kind).fit(training)
    model(
        f"naive_bayes {kind}",
        "naive_bayes",
        {
            "num_features": len(NUMBERS),
            "num_classes": 3,
            "pi": tensor(fitted.pi),
            "theta": matrix(fitted.theta),
            "model_type": kind,
        },
        fitted,
        CLASSES,
        source,
    )
fitted = clustering.KMeans(featuresCol="vector", predictionCol="prediction", k=4, seed=2).fit(training)
model(
    "k_means",
    "k_means",
    {"cluster_centers": [tensor(centre) for centre in fitted.clusterCenters()]},
    fitted,
    PREDICTION,
)
logistic = classification.LogisticRegression(featuresCol="vector", labelCol="group", regParam=0.05)
fitted = classification.OneVsRest(featuresCol="vector", labelCol="group", classifier=logistic).fit(training)
model(
    "one_vs_rest",
    "one_vs_rest",
    {"num_classes": 3},
    fitted,
    PREDICTION,
    parts={
        f"model{number}": {
            "operator": "logistic_regression",
            "attributes": {
                "num_classes": 2,
                "coefficients": tensor(binary_model.coefficients),
                "intercept": binary_model.intercept,
            },
        }
        for number, binary_model in enumerate(fitted.models)
    },
)

# Trees, on vectors whose last feature is a category

nominal = feature.VectorAssembler(inputCols=[*NUMBERS, "index"], outputCol="nominal").transform(indexed)
nominal_training = feature.VectorAssembler(inputCols=[*NUMBERS, "index"], outputCol="nominal").transform(
    feature.StringIndexer(inputCol="colour", outputCol="index")
    .fit(training)
    .transform(
        training.selectExpr("*")
        .drop("target", "kind", "group")
        .selectExpr(
            "*",
            "round(first * 2 + case when colour = 'blue' then 4 when colour = 'green' then -3 else 0 end, 3) as target",
            "double(first + case when colour = 'blue' then 1 else -0.5 end > 0) as kind",
            "double(case when colour = 'blue' then 0 when first > 0 then 1 else 2 end) as `group`",
        )
    )
)


def tree(node, classes):
    """A tree as lists: a leaf's values; or the feature, the threshold or categories, and both parts."""
    if node.getClass().getSimpleName() == "LeafNode":
        return (
            [float(value) for value in node.impurityStats().stats()]
            if classes
            else [float(node.prediction())]
        )
    split, below, above = node.split(), tree(node.leftChild(), classes), tree(node.rightChild(), classes)
    if split.getClass().getSimpleName() == "ContinuousSplit":
        rule = {"threshold": float(split.threshold())}
    else:
        rule = {"categories": [float(value) for value in split.leftCategories()]}
    return {"feature": int(split.featureIndex()), "below": below, "above": above, **rule}


def trees(name, operator, fitted, outputs, classes=0, **attributes):
    """A case of one tree or several."""
    attributes = {
        "num_features": len(NUMBERS) + 1,
        **({"num_classes": classes} if classes else {}),
        **attributes,
    }
    after = fitted.transform(nominal)
    many = hasattr(fitted, "trees")
    # Boosted trees are regressions, also in a classifier.
    counts = classes if not operator.startswith("gbt") else 0
    if many:
        roots = [tree(fitted_tree._call_java("rootNode"), counts) for fitted_tree in fitted.trees]
        attributes |= {
            "trees": [f"tree{number}" for number in range(len(roots))],
            "tree_weights": [float(weight) for weight in fitted.treeWeights],
        }
        more = {"trees": {f"tree{number}": root for number, root in enumerate(roots)}}
    else:
        more = {"tree": tree(fitted._call_java("rootNode"), counts)}
    case(name, operator, attributes, {"features": "nominal"}, outputs, after, **more)


settings = {"featuresCol": "nominal", "maxDepth": 3, "seed": 5}
trees(
    "decision_tree_regression",
    "decision_tree_regression",
    regression.DecisionTreeRegressor(labelCol="target", **settings).fit(nominal_training),
    PREDICTION,
)
trees(
    "decision_tree_classifier",
    "decision_tree_classifier",
    classification.DecisionTreeClassifier(labelCol="group", **settings).fit(nominal_training),
    CLASSES,
    3,
)
trees(
    "random_forest_regression",
    "random_forest_regression",
    regression.RandomForestRegressor(labelCol="target", numTrees=5, **settings).fit(nominal_training),
    PREDICTION,
)
trees(
    "random_forest_classifier",
    "random_forest_classifier",
    classification.RandomForestClassifier(labelCol="group", numTrees=5, **settings).fit(nominal_training),
    CLASSES,
    3,
)
trees(
    "gbt_regression",
    "gbt_regression",
    regression.GBTRegressor(labelCol="target", maxIter=4, **settings).fit(nominal_training),
    PREDICTION,
)
trees(
    "gbt_classifier",
    "gbt_classifier",
    classification.GBTClassifier(labelCol="kind", maxIter=4, **settings).fit(nominal_training),
    CLASSES,
    2,
)

# Texts and indices

for invalid in ("keep", "error"):
    fitted = feature.StringIndexer(inputCol="colour", outputCol="y", handleInvalid=invalid).fit(training)
    column_case(
        f"string_indexer {invalid}",
        "string_indexer",
        {"labels": list(fitted.labels), "handle_invalid": invalid},
        fitted,
        source="colour",
    )
fitted = feature.StringIndexer(inputCols=["colour", "text"], outputCols=["y", "z"], handleInvalid="keep").fit(
    training
)
case(
    "string_indexer of two columns",
    "string_indexer",
    {
        "labels_length": 2,
        "labels_array_0": list(fitted.labelsArray[0]),
        "labels_array_1": list(fitted.labelsArray[1]),
        "handle_invalid": "keep",
    },
    {"input0": "colour", "input1": "text"},
    {"output0": "y", "output1": "z"},
    fitted.transform(frame),
)
column_case(
    "reverse_string_indexer",
    "reverse_string_indexer",
    {"labels": labels},
    feature.IndexToString(inputCol="index", outputCol="y", labels=labels),
    indexed,
    "index",
)
for drop in (True, False):
    for invalid in ("keep", "error"):
        fitted = feature.OneHotEncoder(
            inputCols=["index"], outputCols=["y"], dropLast=drop, handleInvalid=invalid
        ).fit(indexed)
        case(
            f"one_hot_encoder {drop} {invalid}",
            "one_hot_encoder",
            {
                "category_sizes": [int(size) for size in fitted.categorySizes],
                "drop_last": drop,
                "handle_invalid": invalid,
            },
            {"input0": "index"},
            {"output0": "y"},
            fitted.transform(indexed),
        )
assembled = feature.VectorAssembler(inputCols=["first", "vector", "index"], outputCol="y").transform(indexed)
case(
    "vector_assembler",
    "vector_assembler",
    {},
    {"input0": "first", "input1": "vector", "input2": "index"},
    {"output": "y"},
    assembled,
)
fitted = feature.VectorIndexer(inputCol="counts", outputCol="y", maxCategories=4, handleInvalid="keep").fit(
    training
)
maps = {int(key): dict(value) for key, value in fitted.categoryMaps.items()}
attributes = {"num_features": len(NUMBERS), "keys": sorted(maps), "handle_invalid": "keep"}
for key, values in maps.items():
    attributes[f"key_{key}_keys"] = tensor(sorted(values))
    attributes[f"key_{key}_values"] = [int(values[value]) for value in sorted(values)]
column_case("vector_indexer", "vector_indexer", attributes, fitted, source="counts")

# Texts

tokenized = column_case(
    "tokenizer", "tokenizer", {}, feature.Tokenizer(inputCol="text", outputCol="y"), source="text"
)
for gaps, pattern in ((True, r"\s+"), (False, r"[a-z]+"), (True, r"[aeiou]"), (True, r"")):
    column_case(
        f"regex_tokenizer {gaps} {pattern!r}",
        "regex_tokenizer",
        {"regex": pattern, "match_gaps": gaps, "token_min_length": 2, "lowercase_text": gaps},
        feature.RegexTokenizer(
            inputCol="text", outputCol="y", pattern=pattern, gaps=gaps, minTokenLength=2, toLowercase=gaps
        ),
        source="text",
    )
tokens = tokenized.withColumnRenamed("y", "tokens").cache()
for sensitive in (True, False):
    column_case(
        f"stopwords_remover {sensitive}",
        "stopwords_remover",
        {"stop_words": ["The", "a", "été"], "case_sensitive": sensitive},
        feature.StopWordsRemover(
            inputCol="tokens", outputCol="y", stopWords=["The", "a", "été"], caseSensitive=sensitive
        ),
        tokens,
        "tokens",
    )
column_case(
    "ngram", "ngram", {"n": 2}, feature.NGram(inputCol="tokens", outputCol="y", n=2), tokens, "tokens"
)
for binary in (True, False):
    column_case(
        f"hashing_term_frequency {binary}",
        "hashing_term_frequency",
        {"num_features": 20, "binary": binary, "hashUnsafeBytesVersion": 2},
        feature.HashingTF(inputCol="tokens", outputCol="y", numFeatures=20, binary=binary),
        tokens,
        "tokens",
    )
for binary, least in ((True, 1.0), (False, 2.0), (False, 0.4)):
    fitted = feature.CountVectorizer(inputCol="tokens", outputCol="y", binary=binary, minTF=least).fit(tokens)
    column_case(
        f"count_vectorizer {binary} {least}",
        "count_vectorizer",
        {"vocabulary": list(fitted.vocabulary), "binary": binary, "min_tf": least},
        fitted,
        tokens,
        "tokens",
    )
counted = feature.HashingTF(inputCol="tokens", outputCol="tf", numFeatures=20).transform(tokens)
fitted = feature.IDF(inputCol="tf", outputCol="y", minDocFreq=2).fit(counted)
column_case("idf", "idf", {"idf": tensor(fitted.idf)}, fitted, counted, "tf")
fitted = feature.Word2Vec(inputCol="tokens", outputCol="y", vectorSize=3, minCount=1, seed=3).fit(tokens)
vectors = {row[0]: plain(row[1]) for row in fitted.getVectors().collect()}
column_case(
    "word_to_vector",
    "word_to_vector",
    {
        "words": sorted(vectors),
        "indices": list(range(len(vectors))),
        "word_vectors": tensor([number for word in sorted(vectors) for number in vectors[word]]),
        "kernel": "default",
    },
    fitted,
    tokens,
    "tokens",
    relative=1e-6,
)

# Numbers

fitted = feature.StandardScaler(inputCol="vector", outputCol="y", withMean=True, withStd=True).fit(training)
column_case(
    "standard_scaler", "standard_scaler", {"mean": tensor(fitted.mean), "std": tensor(fitted.std)}, fitted
)
fitted = feature.StandardScaler(inputCol="vector", outputCol="y", withMean=False, withStd=True).fit(training)
column_case("standard_scaler without mean", "standard_scaler", {"std": tensor(fitted.std)}, fitted)
fitted = feature.StandardScaler(inputCol="vector", outputCol="y", withMean=True, withStd=False).fit(training)
column_case("standard_scaler without std", "standard_scaler", {"mean": tensor(fitted.mean)}, fitted)
fitted = feature.MinMaxScaler(inputCol="vector", outputCol="y", min=-1.0, max=3.0).fit(training)
column_case(
    "min_max_scaler",
    "min_max_scaler",
    {"min": tensor(fitted.originalMin), "max": tensor(fitted.originalMax), "minValue": -1.0, "maxValue": 3.0},
    fitted,
)
fitted = feature.MaxAbsScaler(inputCol="vector", outputCol="y").fit(training)
column_case("max_abs_scaler", "max_abs_scaler", {"maxAbs": tensor(fitted.maxAbs)}, fitted)
for power in (1.0, 2.0, 3.0, math.inf):
    column_case(
        f"normalizer {power}",
        "normalizer",
        {"p_norm": power},
        feature.Normalizer(inputCol="vector", outputCol="y", p=power),
    )
column_case(
    "binarizer",
    "binarizer",
    {"threshold": 0.25},
    feature.Binarizer(inputCol="first", outputCol="y", threshold=0.25),
    source="first",
)
column_case(
    "binarizer of vectors",
    "binarizer",
    {"threshold": -0.5},
    feature.Binarizer(inputCol="vector", outputCol="y", threshold=-0.5),
)
splits = [-math.inf, -1.0, 0.0, 1.0, 1.5, math.inf]
holed = frame.selectExpr("case when first > 1 then double('NaN') else first end as first")
column_case(
    "bucketizer",
    "bucketizer",
    {"splits": splits, "handle_invalid": "keep"},
    feature.Bucketizer(inputCol="first", outputCol="y", splits=splits, handleInvalid="keep"),
    holed,
    "first",
)
fitted = feature.Imputer(inputCol="first", outputCol="y", strategy="median").fit(holed)
column_case(
    "imputer",
    "imputer",
    {"surrogate_value": fitted.surrogateDF.first()[0], "missing_value": math.nan, "strategy": "median"},
    fitted,
    holed,
    "first",
)
fitted = feature.PCA(inputCol="vector", outputCol="y", k=2).fit(training)
column_case("pca", "pca", {"principal_components": matrix(fitted.pc)}, fitted)
for degree in (2, 3):
    column_case(
        f"polynomial_expansion {degree}",
        "polynomial_expansion",
        {"degree": degree},
        feature.PolynomialExpansion(inputCol="vector", outputCol="y", degree=degree),
    )
column_case(
    "elementwise_product",
    "elementwise_product",
    {"scaling_vec": tensor([0.5, -1.0, 0.0, 3.0])},
    feature.ElementwiseProduct(
        inputCol="vector", outputCol="y", scalingVec=Vectors.dense([0.5, -1.0, 0.0, 3.0])
    ),
)
column_case(
    "vector_slicer",
    "vector_slicer",
    {"indices": [3, 0]},
    feature.VectorSlicer(inputCol="vector", outputCol="y", indices=[3, 0]),
)
fitted = feature.ChiSqSelector(featuresCol="counts", labelCol="kind", outputCol="y", numTopFeatures=2).fit(
    training
)
column_case(
    "chi_sq_selector",
    "chi_sq_selector",
    {"filter_indices": [int(index) for index in fitted.selectedFeatures]},
    fitted,
    source="counts",
)
named = feature.VectorAssembler(inputCols=NUMBERS, outputCol="named").transform(frame)
after = feature.Interaction(inputCols=["first", "named", "second"], outputCol="y").transform(named)
case(
    "interaction",
    "interaction",
    {"num_inputs": 3, "num_features0": [1], "num_features1": [1] * 4, "num_features2": [1]},
    {"input0": "first", "input1": "named", "input2": "second"},
    {"output": "y"},
    after,
)

lines = ",\n".join(json.dumps(recorded_case, ensure_ascii=False) for recorded_case in cases)
EXPECTED.write_text(f'{{"spark": "{spark.version}", "cases": [\n{lines}\n]}}\n')
print(len(cases), "cases,", EXPECTED.stat().st_size, "bytes")
spark.stop()
