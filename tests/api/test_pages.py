import pytest

from api.app import create_app

POLICY = "default-src 'self'"


@pytest.fixture
def folder(tmp_path):
    pages = tmp_path / "pages"
    (pages / "assets").mkdir(parents=True)
    (pages / "index.html").write_text("<!doctype html><title>wingwatch</title>")
    (pages / "assets" / "index-0123.js").write_text("export {}")
    return pages


@pytest.fixture
def paged(settings, clock, folder, make_client):
    app = create_app(settings, clock=clock, pages=folder)
    yield make_client(app)
    app.state.hub.database.close()


def test_the_page_is_served_at_the_root_and_asked_for_anew(paged):
    response = paged.get("/")
    assert "<title>wingwatch</title>" in response.text
    assert response.headers["cache-control"] == "no-cache"


def test_what_bears_a_hash_in_its_name_is_kept_for_good(paged):
    response = paged.get("/assets/index-0123.js")
    assert "javascript" in response.headers["content-type"]
    assert "immutable" in response.headers["cache-control"]
    assert "immutable" not in paged.get("/assets/gone.js").headers["cache-control"]


@pytest.mark.parametrize("path", ["/", "/assets/index-0123.js", "/api/v1/health", "/api/v1/nothing", "/nothing"])
def test_every_answer_is_guarded(paged, path):
    headers = paged.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith(POLICY)
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_without_built_pages_the_root_says_so(settings, clock, tmp_path, make_client):
    app = create_app(settings, clock=clock, pages=tmp_path / "none")
    response = make_client(app).get("/")
    app.state.hub.database.close()
    assert (response.status_code, response.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert "not built" in response.text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:8077", 200),
        ("localhost:8077", 200),
        ("LOCALHOST", 200),
        ("[::1]:8077", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("", 421),
    ],
)
def test_a_foreign_name_for_this_machine_is_refused(client, host, status):
    response = client.request("GET", "/api/v1/health", headers={"Host": host})
    assert response.status_code == status


def test_paths_outside_the_pages_are_not_served(paged, folder):
    (folder.parent / "secret.txt").write_text("x")
    for path in ("/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt"):
        assert paged.get(path).status_code == 404


def test_the_guard_stands_before_an_unforeseen_error(client, app):
    app.state.hub.database.close()
    app.state.hub.settings.data_dir.joinpath("hub.sqlite").write_bytes(b"no database" * 1000)
    response = client.get("/api/v1/alerts")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["content-security-policy"].startswith(POLICY)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/v1/sensors/B1/batches", {"POST"}),
        ("DELETE", "/api/v1/health", {"GET", "HEAD"}),
        ("POST", "/api/v1/alerts/7", {"GET", "HEAD"}),
        ("HEAD", "/api/v1/events", {"GET"}),
    ],
)
def test_a_method_that_a_path_lacks_is_told_with_those_it_has(paged, method, path, allowed):
    response = paged.request(method, path)
    assert response.status_code == 405
    assert {word.strip() for word in response.headers["allow"].split(",")} == allowed


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1/nothing", "/api/v1/health/"])
def test_no_page_answers_for_a_path_of_the_api(paged, path):
    assert paged.get(path).status_code == 404


def test_lists_tell_their_heads_without_a_body(serve):
    with serve() as hub:
        for path in ("health", "wings", "sensors", "alerts", "detections"):
            head, whole = (hub.client.request(m, f"{hub.address}/api/v1/{path}") for m in ("HEAD", "GET"))
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-length"] == str(len(whole.content))


def test_the_schema_tells_each_path_once(client):
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    assert set(paths["/api/v1/alerts"]) == {"get"}
    assert set(paths["/api/v1/sensors/{sensor}/batches"]) == {"post"}
