"""Copies out of an engine that dies in the middle, refuses or says nonsense: a sentence, and nothing half written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from imagetools.image.descriptor import Platform
from imagetools.image_io.archive_reader import NotAnImageError, validate_archive
from imagetools.image_io.copying import Surroundings, Wishes, copy_image
from imagetools.image_io.daemon import EngineHasNotError, EngineUnreachableError
from imagetools.image_io.places import Place, PlaceError
from imagetools.kernel.errors import ImagetoolsError
from tests.unit.net.faults import reset
from tests.unit.net.server import Answer, Handler, Server, chunked, cut, running, slam, status

from .layouts import TAR, layer_tar
from .test_archive_reader import archive

IMAGE = archive([TAR, layer_tar("x")], RepoTags=["hello:1"])
GET = "/v1.41/images/hello:1/get"


def broken_off(handler: Handler) -> None:
    """Chunks, and no end."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"%x\r\n%b\r\n" % (5000, IMAGE[:5000]))
    handler.close_connection = True


@pytest.fixture
def engine() -> Iterator[Server]:
    with running() as server:
        server.script["/version"] = [status(200, b'{"ApiVersion":"1.41"}', Content_Type="application/json")]
        server.script["/v1.41/_ping"] = [status(200, b"OK")]
        yield server


def copy(engine: Server, answer: Answer, target: str) -> object:
    engine.script[GET] = [answer]
    surroundings = Surroundings({"DOCKER_HOST": f"tcp://127.0.0.1:{engine.server_address[1]}"})
    return copy_image(Place.parse("docker-daemon:hello:1"), Place.parse(target), Wishes(Platform("linux", "amd64")), surroundings)


@pytest.mark.parametrize("answer", [status(200, IMAGE), chunked(IMAGE[:7000], IMAGE[7000:])])
def test_a_good_one(engine: Server, tmp_path: Path, answer: Answer) -> None:
    copy(engine, answer, f"oci:{tmp_path}/layout")
    assert validate_archive(f"{tmp_path}/layout") == ()


FAULTS: dict[str, tuple[Answer, type[ImagetoolsError]]] = {
    "401": (status(401, b'{"message":"authorization denied"}', Content_Type="application/json"), EngineHasNotError),
    "404": (status(404, b'{"message":"No such image: hello:1"}', Content_Type="application/json"), EngineHasNotError),
    "429": (status(429, b"slow down"), EngineHasNotError),
    "500": (status(500, b'{"message":"disk is full"}', Content_Type="application/json"), EngineHasNotError),
    "no answer": (slam, EngineHasNotError),
    "reset": (reset, EngineHasNotError),
    "cut": (cut(IMAGE, 5000), EngineHasNotError),
    "cut in chunks": (broken_off, EngineHasNotError),
    "nothing": (status(200, b""), NotAnImageError),
    "nonsense": (status(200, b"<html>busy</html>" * 100), NotAnImageError),
    "half an archive": (status(200, IMAGE[:5000]), ImagetoolsError),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("form", ["oci:{}/layout", "oci-archive:{}/a.tar", "docker-archive:{}/b.tar"])
def test_bad_ones(engine: Server, tmp_path: Path, fault: str, form: str) -> None:
    answer, error = FAULTS[fault]
    with pytest.raises(error) as caught:
        copy(engine, answer, form.format(tmp_path))
    assert list(tmp_path.iterdir()) == []
    if error is EngineHasNotError:
        assert caught.value.message.startswith("the Docker engine did not give the image 'hello:1': ")


def test_no_engine(tmp_path: Path) -> None:
    surroundings = Surroundings({"DOCKER_HOST": f"unix://{tmp_path}/none.sock"})
    with pytest.raises(EngineUnreachableError):
        copy_image(
            Place.parse("docker-daemon:x:1"), Place.parse(f"oci:{tmp_path}/x"), Wishes(Platform("linux", "amd64")), surroundings
        )
    with pytest.raises(PlaceError, match="name is missing"):
        copy_image(
            Place.parse("docker-daemon:"), Place.parse(f"oci:{tmp_path}/x"), Wishes(Platform("linux", "amd64")), surroundings
        )
