"""Writing a row from its columns."""

from storage.database import Connection


async def insert(connection: Connection, table: str, row: dict[str, object]) -> None:
    """Insert a row. Table and columns are names in our own code, never anybody's input."""
    await connection.execute(_insertion(table, row), *row.values())


async def upsert(connection: Connection, table: str, row: dict[str, object], *, key: str) -> None:
    """Insert a row, or put it in place of the one with the same key."""
    updates = ", ".join(f"{column} = excluded.{column}" for column in row if column != key)
    await connection.execute(f"{_insertion(table, row)} on conflict ({key}) do update set {updates}", *row.values())


def _insertion(table: str, row: dict[str, object]) -> str:
    columns, places = ", ".join(row), ", ".join(f"${n}" for n in range(1, len(row) + 1))
    return f"insert into {table} ({columns}) values ({places})"  # noqa: S608 - names of our own code
