"""Save models with the scikit-learn that runs this, and what it answers for some rows.

Run once for each version of scikit-learn that an image has, by a Python for which that version exists:

    python make_models.py FOLDER

FOLDER gets a joblib file for each model, and answers.json: {"version", "rows", "words", "table", "answers"}, where the
answers are {model: {method: values}}. `saved_by_images.tar.gz` beside this file holds such a folder for each version.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import sklearn
from sklearn import (
    calibration,
    cluster,
    compose,
    covariance,
    cross_decomposition,
    decomposition,
    discriminant_analysis,
    dummy,
    ensemble,
    feature_extraction,
    feature_selection,
    gaussian_process,
    impute,
    isotonic,
    kernel_approximation,
    kernel_ridge,
    linear_model,
    mixture,
    model_selection,
    multiclass,
    multioutput,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    random_projection,
    svm,
    tree,
)

#: The methods that are asked, where a model has them.
METHODS = ("predict", "predict_proba", "decision_function", "transform", "score_samples")
WORDS = [
    "red sky at night",
    "blue sea and sky",
    "night train",
    "red train at sea",
    "blue blue night",
    "sky train",
]


def make_models() -> dict[str, tuple[str, Any]]:
    """A fitted model of each kind, and which of the inputs it takes."""
    random = np.random.RandomState(7)
    rows = random.normal(size=(60, 4)).round(3)
    number = rows @ [1.5, -2.0, 0.5, 0.0] + rows[:, 0] * rows[:, 1]
    kind = (number > 0).astype(int) + (rows[:, 2] > 1)
    half = (number > 0).astype(int)
    seed = {"random_state": 1}
    # Later versions do not know the argument, and do without.
    plain = {"normalize": False} if sklearn.__version__.startswith(("0.", "1.0", "1.1")) else {}
    regressors = {
        "linear": linear_model.LinearRegression(),
        "ridge": linear_model.Ridge(),
        "lasso": linear_model.Lasso(alpha=0.05),
        "elastic-net": linear_model.ElasticNet(alpha=0.05),
        "bayesian-ridge": linear_model.BayesianRidge(),
        "huber": linear_model.HuberRegressor(),
        "sgd-regressor": linear_model.SGDRegressor(**seed),
        "svr": svm.SVR(gamma="scale"),
        "linear-svr": svm.LinearSVR(**seed),
        "neighbors-regressor": neighbors.KNeighborsRegressor(),
        "tree-regressor": tree.DecisionTreeRegressor(max_depth=4, **seed),
        "forest-regressor": ensemble.RandomForestRegressor(n_estimators=5, max_depth=4, **seed),
        "extra-trees-regressor": ensemble.ExtraTreesRegressor(n_estimators=5, max_depth=4, **seed),
        "boosting-regressor": ensemble.GradientBoostingRegressor(n_estimators=5, **seed),
        "boosting-regressor-huber": ensemble.GradientBoostingRegressor(n_estimators=5, loss="huber", **seed),
        "ada-regressor": ensemble.AdaBoostRegressor(n_estimators=5, **seed),
        "bagging-regressor": ensemble.BaggingRegressor(n_estimators=5, **seed),
        "mlp-regressor": neural_network.MLPRegressor(hidden_layer_sizes=(5,), max_iter=50, **seed),
        "gaussian-process": gaussian_process.GaussianProcessRegressor(alpha=0.1, **seed),
        "pls": cross_decomposition.PLSRegression(),
        "target": compose.TransformedTargetRegressor(
            linear_model.LinearRegression(), transformer=preprocessing.StandardScaler()
        ),
        "ridge-cv": linear_model.RidgeCV(),
        "lasso-cv": linear_model.LassoCV(cv=3, **seed),
        "elastic-net-cv": linear_model.ElasticNetCV(cv=3, **seed),
        "lars": linear_model.Lars(**plain),
        "lasso-lars": linear_model.LassoLars(alpha=0.01, **plain),
        "matching-pursuit": linear_model.OrthogonalMatchingPursuit(**plain),
        "ransac": linear_model.RANSACRegressor(**seed),
        "theil-sen": linear_model.TheilSenRegressor(**seed),
        "passive-aggressive-regressor": linear_model.PassiveAggressiveRegressor(**seed),
        "nu-svr": svm.NuSVR(gamma="scale"),
        "kernel-ridge": kernel_ridge.KernelRidge(kernel="rbf"),
        "radius-regressor": neighbors.RadiusNeighborsRegressor(radius=3.0),
        "extra-tree-regressor": tree.ExtraTreeRegressor(max_depth=4, **seed),
        "dummy-regressor": dummy.DummyRegressor(),
        "grid": model_selection.GridSearchCV(linear_model.Ridge(), {"alpha": [0.1, 1.0]}, cv=3),
    }
    classifiers = {
        "logistic": linear_model.LogisticRegression(solver="lbfgs", multi_class="auto"),
        "logistic-liblinear": linear_model.LogisticRegression(solver="liblinear", multi_class="ovr"),
        "sgd-classifier": linear_model.SGDClassifier(**seed),
        "perceptron": linear_model.Perceptron(**seed),
        "ridge-classifier": linear_model.RidgeClassifier(),
        "svc": svm.SVC(gamma="scale", probability=True, **seed),
        "linear-svc": svm.LinearSVC(**seed),
        "nu-svc": svm.NuSVC(nu=0.1, gamma="scale"),
        "neighbors-classifier": neighbors.KNeighborsClassifier(),
        "tree-classifier": tree.DecisionTreeClassifier(max_depth=4, **seed),
        "forest-classifier": ensemble.RandomForestClassifier(n_estimators=5, max_depth=4, **seed),
        "extra-trees-classifier": ensemble.ExtraTreesClassifier(n_estimators=5, max_depth=4, **seed),
        "boosting-classifier": ensemble.GradientBoostingClassifier(n_estimators=5, **seed),
        "ada-classifier": ensemble.AdaBoostClassifier(n_estimators=5, **seed),
        "bagging-classifier": ensemble.BaggingClassifier(n_estimators=5, **seed),
        "voting": ensemble.VotingClassifier(
            [
                ("l", linear_model.LogisticRegression(solver="lbfgs", multi_class="auto")),
                ("n", naive_bayes.GaussianNB()),
            ],
            voting="soft",
        ),
        "gaussian-nb": naive_bayes.GaussianNB(),
        "bernoulli-nb": naive_bayes.BernoulliNB(),
        "mlp-classifier": neural_network.MLPClassifier(hidden_layer_sizes=(5,), max_iter=50, **seed),
        "lda": discriminant_analysis.LinearDiscriminantAnalysis(),
        "qda": discriminant_analysis.QuadraticDiscriminantAnalysis(),
        "calibrated": calibration.CalibratedClassifierCV(naive_bayes.GaussianNB(), cv=3),
        "one-vs-rest": multiclass.OneVsRestClassifier(svm.LinearSVC(**seed)),
        "one-vs-one": multiclass.OneVsOneClassifier(svm.LinearSVC(**seed)),
        "output-code": multiclass.OutputCodeClassifier(svm.LinearSVC(**seed), **seed),
        "logistic-cv": linear_model.LogisticRegressionCV(cv=3, multi_class="multinomial", **seed),
        "ridge-classifier-cv": linear_model.RidgeClassifierCV(),
        "passive-aggressive-classifier": linear_model.PassiveAggressiveClassifier(**seed),
        "gaussian-process-classifier": gaussian_process.GaussianProcessClassifier(**seed),
        "radius-classifier": neighbors.RadiusNeighborsClassifier(radius=3.0),
        "nearest-centroid": neighbors.NearestCentroid(),
        "extra-tree-classifier": tree.ExtraTreeClassifier(max_depth=4, **seed),
        "dummy-classifier": dummy.DummyClassifier(strategy="prior"),
        "random-search": model_selection.RandomizedSearchCV(
            linear_model.RidgeClassifier(), {"alpha": [0.1, 1.0]}, n_iter=2, cv=3, **seed
        ),
        "selected-by-model": pipeline.make_pipeline(
            feature_selection.SelectFromModel(tree.DecisionTreeClassifier(**seed)),
            feature_selection.VarianceThreshold(),
            naive_bayes.GaussianNB(),
        ),
        "eliminated": feature_selection.RFE(svm.LinearSVC(**seed), n_features_to_select=2),
        "percentile": feature_selection.SelectPercentile(percentile=50),
        "united": pipeline.make_pipeline(
            pipeline.make_union(decomposition.PCA(n_components=2), preprocessing.StandardScaler()),
            linear_model.RidgeClassifier(),
        ),
        "scaled-logistic": pipeline.make_pipeline(
            preprocessing.StandardScaler(),
            decomposition.PCA(n_components=2),
            linear_model.LogisticRegression(solver="lbfgs", multi_class="auto"),
        ),
        "selected-tree": pipeline.make_pipeline(
            feature_selection.SelectKBest(k=2), tree.DecisionTreeClassifier(max_depth=3, **seed)
        ),
    }
    halves = {
        "binary-logistic": linear_model.LogisticRegression(solver="lbfgs"),
        "binary-boosting": ensemble.GradientBoostingClassifier(n_estimators=5, **seed),
        "binary-ada": ensemble.AdaBoostClassifier(n_estimators=5, **seed),
        "binary-svc": svm.SVC(gamma="scale", **seed),
    }
    if hasattr(ensemble, "StackingClassifier"):
        classifiers["stacking"] = ensemble.StackingClassifier(
            [("t", tree.DecisionTreeClassifier(max_depth=3, **seed)), ("n", naive_bayes.GaussianNB())], cv=3
        )
    if sklearn.__version__ != "0.20.0":
        if sklearn.__version__.startswith("0."):
            from sklearn.experimental import enable_hist_gradient_boosting  # noqa: F401
        boosting = {"max_iter": 5, "min_samples_leaf": 5, **seed}
        regressors["histogram-regressor"] = ensemble.HistGradientBoostingRegressor(**boosting)
        classifiers["histogram-classifier"] = ensemble.HistGradientBoostingClassifier(**boosting)
        halves["binary-histogram"] = ensemble.HistGradientBoostingClassifier(**boosting)
        regressors["poisson"] = pipeline.make_pipeline(
            preprocessing.MinMaxScaler(), linear_model.TweedieRegressor(power=0)
        )
        transformers_since = {"neighbors-imputer": impute.KNNImputer()}
    else:
        transformers_since = {}
    unsupervised = {
        "k-means": cluster.KMeans(n_clusters=3, n_init=3, **seed),
        "mini-batch-k-means": cluster.MiniBatchKMeans(n_clusters=3, n_init=3, **seed),
        "isolation-forest": ensemble.IsolationForest(n_estimators=5, contamination=0.1, **seed),
        "one-class-svm": svm.OneClassSVM(gamma="scale"),
        "outlier-factor": neighbors.LocalOutlierFactor(novelty=True, contamination=0.1),
        "mixture": mixture.GaussianMixture(n_components=2, **seed),
        "bayesian-mixture": mixture.BayesianGaussianMixture(n_components=2, **seed),
        "birch": cluster.Birch(n_clusters=3),
        "affinity": cluster.AffinityPropagation(damping=0.9),
        "mean-shift": cluster.MeanShift(bandwidth=2.0),
        "envelope": covariance.EllipticEnvelope(**seed),
        "density": neighbors.KernelDensity(),
        "factors": decomposition.FactorAnalysis(n_components=2, **seed),
        "independent": decomposition.FastICA(n_components=2, **seed),
        "incremental-pca": decomposition.IncrementalPCA(n_components=2),
        "kernel-pca": decomposition.KernelPCA(n_components=2, kernel="rbf", **seed),
        "nystroem": kernel_approximation.Nystroem(n_components=5, **seed),
        "fourier": kernel_approximation.RBFSampler(n_components=5, **seed),
        "projection": random_projection.GaussianRandomProjection(n_components=2, **seed),
        "sparse-projection": random_projection.SparseRandomProjection(n_components=2, **seed),
        "embedding": ensemble.RandomTreesEmbedding(n_estimators=3, max_depth=2, **seed),
        "function": preprocessing.FunctionTransformer(np.exp, validate=True),
        "missing": impute.MissingIndicator(features="all"),
        "pca": decomposition.PCA(n_components=2),
        "svd": decomposition.TruncatedSVD(n_components=2, **seed),
        "standard-scaler": preprocessing.StandardScaler(),
        "min-max-scaler": preprocessing.MinMaxScaler(),
        "max-abs-scaler": preprocessing.MaxAbsScaler(),
        "robust-scaler": preprocessing.RobustScaler(),
        "normalizer": preprocessing.Normalizer(),
        "binarizer": preprocessing.Binarizer(),
        "quantile": preprocessing.QuantileTransformer(n_quantiles=10, **seed),
        "power": preprocessing.PowerTransformer(),
        "polynomial": preprocessing.PolynomialFeatures(degree=2),
        "bins": preprocessing.KBinsDiscretizer(n_bins=3, encode="ordinal"),
        "imputer": impute.SimpleImputer(strategy="median"),
        "agglomeration": cluster.FeatureAgglomeration(n_clusters=2),
        **transformers_since,
    }
    models: dict[str, tuple[str, Any]] = {}
    for name, model in regressors.items():
        models[name] = ("rows", model.fit(rows, number))
    for name, model in classifiers.items():
        models[name] = ("rows", model.fit(rows, kind))
    for name, model in halves.items():
        models[name] = ("rows", model.fit(rows, half))
    for name, model in unsupervised.items():
        models[name] = ("rows", model.fit(rows))
    models["multi-output"] = (
        "rows",
        multioutput.MultiOutputRegressor(linear_model.Ridge()).fit(rows, np.c_[number, -number]),
    )
    models["isotonic"] = (
        "first column",
        isotonic.IsotonicRegression(out_of_bounds="clip").fit(rows[:, 0], number),
    )
    models["multi-classifier"] = (
        "rows",
        multioutput.MultiOutputClassifier(tree.DecisionTreeClassifier(max_depth=3, **seed)).fit(
            rows, np.c_[kind, half]
        ),
    )
    models["chain"] = (
        "rows",
        multioutput.ClassifierChain(linear_model.LogisticRegression(solver="lbfgs"), **seed).fit(
            rows, np.c_[half, 1 - half]
        ),
    )
    models["factorised"] = (
        "absolute",
        decomposition.NMF(n_components=2, init="nndsvda", **seed).fit(np.abs(rows)),
    )
    models["topics"] = (
        "words",
        pipeline.make_pipeline(
            feature_extraction.text.CountVectorizer(),
            decomposition.LatentDirichletAllocation(n_components=2, **seed),
        ).fit(WORDS),
    )
    models["complement-nb"] = ("absolute", naive_bayes.ComplementNB().fit(np.abs(rows), kind))
    models["counted-words"] = (
        "words",
        pipeline.make_pipeline(
            feature_extraction.text.CountVectorizer(ngram_range=(1, 2)),
            feature_extraction.text.TfidfTransformer(),
            linear_model.SGDClassifier(**seed),
        ).fit(WORDS, [0, 1, 0, 1, 0, 1]),
    )
    models["dictionaries"] = (
        "dictionaries",
        pipeline.make_pipeline(feature_extraction.DictVectorizer(), linear_model.LinearRegression()).fit(
            make_dictionaries(), [1.0, 2.0, 4.0]
        ),
    )
    models["label-encoder"] = ("labels", preprocessing.LabelEncoder().fit(["b", "a", "c"]))
    models["label-binarizer"] = ("labels", preprocessing.LabelBinarizer().fit(["b", "a", "c"]))
    models["label-lists"] = ("label lists", preprocessing.MultiLabelBinarizer().fit([["a"], ["b", "c"]]))
    if hasattr(ensemble, "VotingRegressor"):
        pair = [
            ("l", linear_model.LinearRegression()),
            ("t", tree.DecisionTreeRegressor(max_depth=3, **seed)),
        ]
        models["voting-regressor"] = ("rows", ensemble.VotingRegressor(pair).fit(rows, number))
        models["stacking-regressor"] = ("rows", ensemble.StackingRegressor(pair, cv=3).fit(rows, number))
    sorts = [0, 1, 0, 1, 0, 1]
    models["words"] = (
        "words",
        pipeline.make_pipeline(feature_extraction.text.TfidfVectorizer(), naive_bayes.MultinomialNB()).fit(
            WORDS, sorts
        ),
    )
    models["hashed-words"] = (
        "words",
        pipeline.make_pipeline(
            feature_extraction.text.HashingVectorizer(n_features=64),
            linear_model.LogisticRegression(solver="lbfgs"),
        ).fit(WORDS, sorts),
    )
    columns = compose.ColumnTransformer(
        [
            (
                "number",
                pipeline.make_pipeline(impute.SimpleImputer(), preprocessing.StandardScaler()),
                ["age", "income"],
            ),
            ("word", preprocessing.OneHotEncoder(handle_unknown="ignore"), ["town"]),
        ]
    )
    models["table"] = (
        "table",
        pipeline.make_pipeline(columns, linear_model.LogisticRegression(solver="lbfgs")).fit(
            make_table(), sorts
        ),
    )
    models["ordinal"] = ("towns", preprocessing.OrdinalEncoder().fit(make_table()[["town"]]))
    return models


def make_table() -> Any:
    """A table with numbers, a missing one, and words."""
    return pd.DataFrame(
        {
            "age": [31.0, 45.0, np.nan, 22.0, 60.0, 38.0],
            "income": [1200.0, 3100.5, 2500.0, 900.0, 2750.25, 1999.0],
            "town": ["Ulm", "Bonn", "Ulm", "Kiel", "Bonn", "Kiel"],
        }
    )


def make_dictionaries() -> list[dict[str, Any]]:
    """Rows as dictionaries."""
    return [{"town": "Ulm", "age": 3}, {"town": "Bonn", "age": 4}, {"town": "Ulm", "age": 9}]


def ask(model: Any, rows: Any) -> dict[str, Any]:
    """What a model answers for the rows, by method. A method that the model does not have at all is left out."""
    answers = {}
    for method in METHODS:
        if hasattr(model, method):
            values = getattr(model, method)(rows)
            answers[method] = as_lists(values)
    return answers


def as_lists(values: Any) -> Any:
    """An answer as lists of numbers: an array, a sparse one, tuples, or a list of arrays."""
    if hasattr(values, "toarray"):
        values = values.toarray()
    if isinstance(values, (list, tuple)):
        return [as_lists(part) for part in values]
    return values.tolist() if hasattr(values, "tolist") else values


def inputs() -> dict[str, Any]:
    """The rows that the models are asked about, by their name."""
    rows = np.random.RandomState(3).normal(size=(8, 4)).round(3)
    table = make_table()
    return {
        "rows": rows,
        "absolute": np.abs(rows),
        "first column": rows[:, 0],
        "words": WORDS,
        "table": table,
        "towns": table[["town"]],
        "dictionaries": make_dictionaries(),
        "labels": ["a", "c", "b"],
        "label lists": [["a", "c"], ["b"]],
    }


def main(folder: Path) -> None:
    """Save the models and their answers."""
    warnings.simplefilter("ignore")
    folder.mkdir(parents=True)
    answers = {}
    rows_by_name = inputs()
    for name, (which, model) in make_models().items():
        joblib.dump(model, folder / (name + ".joblib"), compress=0)
        answers[name] = {"input": which, "says": ask(model, rows_by_name[which])}
    (folder / "answers.json").write_text(json.dumps({"version": sklearn.__version__, "answers": answers}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
