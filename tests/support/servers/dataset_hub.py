"""A small server that answers as the Hugging Face hub does, for one data set of a few files."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

COMMIT = "0123456789" * 4
NAME = "someone/Pictures"


class Hub:
    """`with Hub(files) as hub`: serves the data set `NAME` at `hub.url`; `asked` lists requests."""

    def __init__(self, files):
        self.files = files
        self.asked = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                hub.asked.append(self.path)
                path = self.path.partition("?")[0]
                if f"/{NAME}/" not in f"{path}/":
                    self.send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
                elif "/resolve/" in path:
                    self.send_file(path.partition("/resolve/")[2].partition("/")[2])
                elif "/tree/" in path:
                    self.send_tree(path.partition("/tree/")[2].partition("/")[2])
                elif "/revision/" in path and path.rpartition("/")[2] not in ("main", COMMIT):
                    self.send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
                else:
                    siblings = [{"rfilename": name} for name in hub.files]
                    self.send_json({"id": NAME, "sha": COMMIT, "siblings": siblings})

            do_HEAD = do_GET

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                paths = json.loads(body)["paths"] if body[0] == "{" else parse_qs(body)["paths"]
                self.send_json(
                    [entry(path, hub.files[path]) for path in paths if path in hub.files]
                )

            def send_file(self, name):
                if name not in hub.files:
                    self.send(404, b"", {"X-Error-Code": "EntryNotFound"})
                else:
                    etag = entry(name, hub.files[name])["oid"]
                    self.send(200, hub.files[name], {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT})

            def send_tree(self, folder):
                prefix = f"{folder}/" if folder else ""
                below = {name for name in hub.files if name.startswith(prefix)}
                here = {name for name in below if "/" not in name[len(prefix) :]}
                folders = {prefix + name[len(prefix) :].split("/")[0] for name in below - here}
                found = [entry(name, hub.files[name]) for name in sorted(here)]
                found += [{"type": "directory", "path": name, "oid": "0"} for name in folders]
                self.send_json(found)

            def send_json(self, value):
                self.send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

            def send(self, status, body, headers):
                self.send_response(status)
                for name, value in {**headers, "Content-Length": len(body)}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def entry(path, data):
    return {"type": "file", "path": path, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
