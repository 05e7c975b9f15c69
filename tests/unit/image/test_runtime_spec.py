"""config.json of a bundle (rows 2.073-2.076)."""

import json

from imagetools.image.runtime_spec import SYSTEM_MOUNTS, Mount, RuntimeSpec


def test_the_smallest() -> None:
    document = json.loads(RuntimeSpec(("/bin/x", "ü")).config_json())
    assert document["ociVersion"] == "1.0.0"
    assert document["process"] == {"args": ["/bin/x", "ü"], "cwd": "/", "user": {"uid": 0, "gid": 0}}
    assert document["root"] == {"path": "rootfs", "readonly": False}
    assert document["platform"] == {"os": "linux", "arch": "x86_64"}
    assert [item["destination"] for item in document["mounts"]] == sorted(SYSTEM_MOUNTS)
    assert [item["type"] for item in document["linux"]["namespaces"]] == ["pid", "network", "mount", "ipc", "uts"]


def test_mounts_are_added_and_replaced() -> None:
    spec = RuntimeSpec(("x",), {"/data": Mount("bind", "/srv", ("bind", "ro")), "/sys": Mount("none", "nothing")}, readonly=True)
    document = json.loads(spec.config_json())
    mounts = {item.pop("destination"): item for item in document["mounts"]}
    assert mounts["/data"] == {"type": "bind", "source": "/srv", "options": ["bind", "ro"]}
    assert mounts["/sys"] == {"type": "none", "source": "nothing", "options": None}
    assert list(mounts) == sorted({*SYSTEM_MOUNTS, "/data"})
    assert document["root"]["readonly"] is True


def test_keys_are_sorted_as_builtins_tojson_sorts_them() -> None:
    text = RuntimeSpec(("ü",)).config_json().decode()
    assert text == json.dumps(json.loads(text), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
