from tests.situations.fixtures import shop, transactional_db

__all__ = ["shop", "transactional_db"]
