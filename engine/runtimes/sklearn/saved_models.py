"""What the library does with a model that another version of scikit-learn saved.

A model of a later version is refused. Where another library stands in for the image's own, it reads
older models by a few changes to what they hold, and only those of the classes that tests have compared.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn
from sklearn.base import BaseEstimator
from sklearn.preprocessing import PolynomialFeatures

State = dict[str, Any]
Version = tuple[int, int]

#: The oldest library whose models the one reads that stands in for the libraries of older images.
OLDEST: Version = (0, 23)
#: Classes with which scikit-learn 1.1 predicts as 1.0 and 0.23 do, and those with which it predicts as 1.0 does.
COMPARED = frozenset(
    {
        "AdaBoostClassifier", "AdaBoostRegressor", "AffinityPropagation", "BaggingClassifier",
        "BaggingRegressor", "BayesianGaussianMixture", "BayesianRidge", "BernoulliNB", "Binarizer", "Birch",
        "ClassifierChain", "ColumnTransformer", "ComplementNB", "CountVectorizer", "DecisionTreeClassifier",
        "DecisionTreeRegressor", "DictVectorizer", "DummyClassifier", "DummyRegressor", "ElasticNet",
        "ElasticNetCV", "EllipticEnvelope", "ExtraTreeClassifier", "ExtraTreeRegressor",
        "ExtraTreesClassifier", "ExtraTreesRegressor", "FactorAnalysis", "FeatureAgglomeration",
        "FeatureUnion", "FunctionTransformer", "GaussianMixture", "GaussianNB", "GaussianProcessClassifier",
        "GaussianProcessRegressor", "GaussianRandomProjection", "GradientBoostingClassifier",
        "GradientBoostingRegressor", "GridSearchCV", "HashingVectorizer", "HuberRegressor",
        "IncrementalPCA", "IsolationForest", "KBinsDiscretizer", "KMeans", "KNNImputer",
        "KNeighborsClassifier", "KNeighborsRegressor", "KernelCenterer", "KernelDensity", "KernelPCA",
        "KernelRidge", "LabelBinarizer", "LabelEncoder", "Lars", "Lasso", "LassoCV", "LassoLars",
        "LatentDirichletAllocation", "LinearDiscriminantAnalysis", "LinearRegression", "LinearSVC",
        "LinearSVR", "LocalOutlierFactor", "LogisticRegression", "LogisticRegressionCV", "MLPClassifier",
        "MLPRegressor", "MaxAbsScaler", "MeanShift", "MinMaxScaler", "MiniBatchKMeans", "MissingIndicator",
        "MultiLabelBinarizer", "MultiOutputClassifier", "MultiOutputRegressor", "MultinomialNB", "NMF",
        "NearestCentroid", "Normalizer", "NuSVC", "NuSVR", "Nystroem", "OneClassSVM", "OneHotEncoder",
        "OneVsOneClassifier", "OneVsRestClassifier", "OrdinalEncoder", "OrthogonalMatchingPursuit",
        "OutputCodeClassifier", "PCA", "PassiveAggressiveClassifier", "PassiveAggressiveRegressor",
        "Perceptron", "Pipeline", "PowerTransformer", "QuadraticDiscriminantAnalysis",
        "QuantileTransformer", "RANSACRegressor", "RBFSampler", "RFE", "RadiusNeighborsClassifier",
        "RadiusNeighborsRegressor", "RandomForestClassifier", "RandomForestRegressor",
        "RandomTreesEmbedding", "RandomizedSearchCV", "Ridge", "RidgeCV", "RidgeClassifier",
        "RidgeClassifierCV", "RobustScaler", "SGDClassifier", "SGDRegressor", "SVC", "SVR",
        "SelectFromModel", "SelectKBest", "SelectPercentile", "SimpleImputer", "SparseRandomProjection",
        "StackingClassifier", "StackingRegressor", "StandardScaler", "TfidfTransformer", "TfidfVectorizer",
        "TheilSenRegressor", "TransformedTargetRegressor", "TruncatedSVD", "VarianceThreshold",
        "VotingClassifier", "VotingRegressor", "_BinaryGaussianProcessClassifierLaplace",
        "_ConstantPredictor",
    }
)  # fmt: skip
COMPARED_WITH_1_0 = frozenset(
    {"CalibratedClassifierCV", "IsotonicRegression", "PolynomialFeatures", "_SigmoidCalibration"}
)

#: Where scikit-learn 1.1 has what a model of an older one looks for elsewhere.
_MOVED_MODULES = {"sklearn.neighbors._dist_metrics": "sklearn.metrics._dist_metrics"}
#: What scikit-learn 1.1 lacks, and the classes whose models need it.
_ABSENT_MODULES = {
    "sklearn.ensemble._hist_gradient_boosting.loss": "HistGradientBoostingClassifier or HistGradientBoostingRegressor",
    "sklearn.linear_model._glm.link": "TweedieRegressor, PoissonRegressor or GammaRegressor",
}


def check_models(tag: str) -> None:
    """From now on, check each model that is loaded for the image of that tag. Loading then raises SystemExit."""
    library = read_version(sklearn.__version__)
    stands_in = read_version(tag) != library
    if stands_in:
        _find_moved_modules(tag)
    set_state = BaseEstimator.__setstate__

    def set_checked_state(estimator: BaseEstimator, state: State) -> None:
        saved = str(state.get("_sklearn_version", ""))
        if saved and type(estimator).__module__.startswith("sklearn."):
            name, version = type(estimator).__name__, read_version(saved)
            if version > library:
                _refuse_newer(name, saved, tag)
            if stands_in and version < library:
                _refuse_uncompared(name, saved, tag)
                state = _changed(estimator, state)
        set_state(estimator, state)

    BaseEstimator.__setstate__ = set_checked_state


def read_version(text: str) -> Version:
    """The major and the minor version that a tag (1.2-1) or a version (1.2.1) names."""
    match = re.match(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _refuse_newer(name: str, saved: str, tag: str) -> None:
    raise SystemExit(
        f"The model holds a {name} saved by scikit-learn {saved}, which is newer than scikit-learn "
        f"{sklearn.__version__}, the library that serves image {tag}: its predictions could be wrong. Use an image "
        f"with a library as new, or save the model with scikit-learn {sklearn.__version__} or earlier."
    )


def _refuse_uncompared(name: str, saved: str, tag: str) -> None:
    version = read_version(saved)
    compared = COMPARED | COMPARED_WITH_1_0 if version >= (1, 0) else COMPARED
    if version < OLDEST or name not in compared:
        _refuse(f"a {name} saved by scikit-learn {saved}", tag)


def _refuse(part: str, tag: str) -> None:
    raise SystemExit(
        f"The model holds {part}. scikit-learn {sklearn.__version__}, which stands in for the library of image {tag} "
        "here, is not known to predict as that one does. Train the model again for a later image, such as 1.2-1, or "
        "run the job on an AWS connection."
    )


def _changed(estimator: BaseEstimator, state: State) -> State:
    """What an object of an older version holds, as the library here expects it: with parameters that are new."""
    parameters = inspect.signature(type(estimator).__init__).parameters.values()
    defaults = {
        parameter.name: parameter.default
        for parameter in parameters
        if parameter.default is not parameter.empty
    }
    # With the old version in it, the library would warn of what has been seen to.
    changed = {**defaults, **state, "_sklearn_version": sklearn.__version__}
    if change := _CHANGES.get(type(estimator).__name__):
        change(changed)
    return changed


def _find_moved_modules(tag: str) -> None:
    for old, new in _MOVED_MODULES.items():
        sys.modules[old] = importlib.import_module(new)
    # Found, so that it is refused by name.
    vars(importlib.import_module("sklearn.preprocessing._data"))["PolynomialFeatures"] = PolynomialFeatures
    sys.meta_path.insert(0, _AbsentModules(tag))


class _AbsentModules:
    """Refuses a model that needs a module which the library here does not have."""

    def __init__(self, tag: str) -> None:
        self._tag = tag

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """None, so that others look for the module. Raises SystemExit for an absent one."""
        if name in _ABSENT_MODULES:
            _refuse(f"a {_ABSENT_MODULES[name]}", self._tag)


def _gradient_boosting(state: State) -> None:
    if "loss_" in state:
        state["_loss"] = state.pop("loss_")


def _simple_imputer(state: State) -> None:
    if "statistics_" in state:
        state["_fit_dtype"] = state["statistics_"].dtype


def _neighbors_imputer(state: State) -> None:
    if "_mask_fit_X" in state:
        state["_valid_mask"] = ~np.all(state["_mask_fit_X"], axis=0)


def _gaussian_naive_bayes(state: State) -> None:
    if "sigma_" in state:
        state["var_"] = state.pop("sigma_")


def _one_hot_encoder(state: State) -> None:
    state.setdefault("_infrequent_enabled", False)
    if "categories_" in state:
        dropped = state.get("drop_idx_")
        dropped = [None] * len(state["categories_"]) if dropped is None else dropped
        pairs = zip(state["categories_"], dropped, strict=True)
        state["_n_features_outs"] = [len(categories) - (drop is not None) for categories, drop in pairs]


def _kernel_pca(state: State) -> None:
    for old, new in (("lambdas_", "eigenvalues_"), ("alphas_", "eigenvectors_")):
        if old in state:
            state[new] = state.pop(old)


#: What scikit-learn 1.1 has under another name than older ones, or in addition, apart from new parameters.
_CHANGES: dict[str, Callable[[State], object]] = {
    "GaussianNB": _gaussian_naive_bayes,
    "GradientBoostingClassifier": _gradient_boosting,
    "GradientBoostingRegressor": _gradient_boosting,
    "KNNImputer": _neighbors_imputer,
    "KernelPCA": _kernel_pca,
    "MissingIndicator": lambda state: state.setdefault("_precomputed", False),
    "OneHotEncoder": _one_hot_encoder,
    "OrdinalEncoder": lambda state: state.setdefault("_missing_indices", {}),
    "SimpleImputer": _simple_imputer,
}
