"""The query viewer: the signed-in user, and what they see of their own data."""

from tests.clients import Client


async def test_the_viewer_sees_their_own_user_and_wallet(client: Client) -> None:
    ada = await client.sign_up("ada")
    data = await client.data(
        "{ viewer { username role wallet { currency status balance { amount minorUnits currency } version } } }",
        by=ada,
    )
    assert data["viewer"]["username"] == "ada"
    assert data["viewer"]["role"] == "MEMBER"
    assert data["viewer"]["wallet"]["status"] == "ACTIVE"
    assert data["viewer"]["wallet"]["balance"] == {"amount": "100.00", "minorUnits": "10000", "currency": "USD"}


async def test_without_a_token_the_viewer_is_null_and_unauthenticated(client: Client) -> None:
    answer = await client.post("{ viewer { id } }")
    assert answer["data"] == {"viewer": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]


async def test_an_invalid_token_is_treated_as_no_token(client: Client) -> None:
    response = await client.http.post(
        "/graphql", json={"query": "{ viewer { id } }"}, headers={"Authorization": "Bearer no"}
    )
    assert response.status_code == 200
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_every_node_of_the_viewer_is_found_by_its_id(client: Client) -> None:
    ada = await client.sign_up("ada")
    data = await client.data(
        '{ viewer { id wallet { id } sessions { id } } profile(username: "@ADA") { id } }', by=ada
    )
    viewer = data["viewer"]
    for id in (viewer["id"], viewer["wallet"]["id"], viewer["sessions"][0]["id"], data["profile"]["id"]):
        found = await client.data("query ($id: ID!) { node(id: $id) { __typename id } }", {"id": id}, by=ada)
        assert found["node"]["id"] == id


async def test_the_viewers_profile_is_the_one_that_others_see(client: Client) -> None:
    ada, bob = await client.sign_up("ada"), await client.sign_up("bob")
    profile = "{ __typename id username name avatarUrl }"
    picture = "https://pictures.example.com/ada.png"
    change = f'updateProfile(input: {{name: "Ada L.", avatarUrl: "{picture}"}}) {{ user {{ profile {profile} }} }}'
    changed = await client.data(f"mutation {{ {change} }}", by=ada)
    own = (await client.data(f"{{ viewer {{ profile {profile} }} }}", by=ada))["viewer"]["profile"]
    seen = (await client.data(f'{{ profile(username: "ada") {profile} }}', by=bob))["profile"]
    assert own == seen == changed["updateProfile"]["user"]["profile"]
    assert (own["username"], own["name"], own["avatarUrl"]) == ("ada", "Ada L.", picture)


async def test_other_users_nodes_and_malformed_ids_are_null(client: Client) -> None:
    ada, bob = await client.sign_up("ada"), await client.sign_up("bob")
    viewer = (await client.data("{ viewer { id wallet { id } sessions { id } } }", by=ada))["viewer"]
    strange = [
        viewer["id"],
        viewer["wallet"]["id"],
        viewer["sessions"][0]["id"],
        "",
        "x",
        "user_",
        "user_8" + "0" * 25,
    ]
    for id in [*strange, viewer["id"].upper(), "é" * 40, "a\0b", "transaction_" + viewer["id"][5:]]:
        answer = await client.post("query ($id: ID!) { node(id: $id) { id } }", {"id": id}, by=bob)
        assert answer == {"data": {"node": None}}, id


async def test_the_risk_policy_is_in_the_viewers_currency(client: Client) -> None:
    ada = await client.sign_up("ada")
    data = await client.data(
        "{ riskPolicy { largeTransferThreshold { amount currency } rapidTransferCount } }", by=ada
    )
    assert data["riskPolicy"] == {
        "largeTransferThreshold": {"amount": "500.00", "currency": "USD"},
        "rapidTransferCount": 5,
    }
