from tests.management.conftest import library, transactional_db
from tests.situations.fixtures import shop

__all__ = ["library", "shop", "transactional_db"]
