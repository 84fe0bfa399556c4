from tests.api.house import House


async def test_the_house_is_open(house: House) -> None:
    assert (await house.http.get("/health")).json() == {"status": "open"}
