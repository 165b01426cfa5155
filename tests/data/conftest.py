import http.server
import threading

import pytest

from lutdla.data import places
from lutdla.data.sources import web


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No data set on this machine, and a cache of the test's own."""
    monkeypatch.delenv(places.OVERRIDE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(web, "SYSTEM", tmp_path / "system")
    return tmp_path


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """The folder that the override names."""
    folder = tmp_path / "mine"
    monkeypatch.setenv(places.OVERRIDE, str(folder))
    return folder


@pytest.fixture
def server(tmp_path):
    """A web server: its URL, and the folder that it shows."""
    folder = tmp_path / "published"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}", folder
        httpd.shutdown()
        thread.join(timeout=10)
