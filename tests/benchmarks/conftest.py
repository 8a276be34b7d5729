"""The tiny study that the training's tests use."""

from tests.training.conftest import make_study, places, tiny_config, tiny_features

__all__ = ["make_study", "places", "tiny_config", "tiny_features"]
