from tests.management.conftest import library, transactional_db

__all__ = ["library", "transactional_db"]
