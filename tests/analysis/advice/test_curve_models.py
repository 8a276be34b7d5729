"""The models of learning curves: each goes on as its own law does, and none above the ceiling."""

from collections.abc import Callable

import numpy as np
import pytest

from tuning_curves.analysis.advice.curve_models import MODELS, Model

SIZES = np.array([100.0, 200, 400, 1000, 4000])
BEYOND = np.array([8000.0, 16000])


def model(name: str) -> Model:
    return next(model for model in MODELS if model.name == name)


def extended(name: str, law: np.ndarray, ceiling: float = 100.0) -> np.ndarray:
    """What the model says of 8,000 and 16,000 from the scores at `SIZES`."""
    found: np.ndarray = model(name).extend(law[None], SIZES, BEYOND, ceiling)[0]
    return found


def test_the_last_doubling_comes_again() -> None:
    scores = np.array([5.0, 9.0, 20.0, 40.0, 50.0])  # 10 points in two doublings
    np.testing.assert_allclose(extended("last doubling", scores), [55.0, 60.0])


@pytest.mark.parametrize(
    ("name", "law", "points"),
    [
        ("POW3", lambda n: 80 - 600 * n**-0.5, 0.5),
        ("POW4", lambda n: 80 - 5000 * (n + 150) ** -0.8, 0.5),
        ("MMF4", lambda n: (10 * 900**1.3 + 70 * n**1.3) / (900**1.3 + n**1.3), 2.0),
    ],
)
def test_a_curve_of_the_models_own_law_is_gone_on_with(
    name: str, law: Callable[[np.ndarray], np.ndarray], points: float
) -> None:
    """To so many points, since shapes are those of a grid."""
    np.testing.assert_allclose(extended(name, law(SIZES)), law(BEYOND), rtol=0, atol=points)


@pytest.mark.parametrize("name", ["POW3", "POW4", "MMF4"])
def test_no_model_falls_or_goes_above_the_ceiling(name: str) -> None:
    falling = np.array([50.0, 45.0, 40.0, 35.0, 30.0])
    np.testing.assert_allclose(extended(name, falling), [30.0, 30.0])
    steep = np.array([40.0, 50.0, 60.0, 70.0, 79.0])
    low = extended(name, steep, ceiling=80.0)
    assert low[-1] < 83  # less what the fit missed at the last size
    assert low[-1] < extended(name, steep)[-1]


def test_each_curve_is_fitted_by_itself() -> None:
    one = np.array([10.0, 20.0, 28.0, 36.0, 44.0])
    other = np.array([60.0, 62.0, 63.0, 63.5, 63.7])
    both = model("POW4").extend(np.stack([one, other]), SIZES, BEYOND, 100.0)
    np.testing.assert_allclose(both, [extended("POW4", one), extended("POW4", other)])
