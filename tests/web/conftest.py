from tests.api.conftest import house

__all__ = ["house"]
