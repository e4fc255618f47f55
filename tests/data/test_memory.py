"""What a container allows counts, not what its machine has."""

import resource

from zoo.data import memory

MIB = 2**20


def machine(root, groups, meminfo=1000):
    """Writes the files of a machine with so many free MiB and a process in these groups."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/meminfo").write_text(f"MemTotal: 9 kB\nMemAvailable: {meminfo * 1024} kB\n")
    (root / "proc/self/statm").write_text("1 1 1 0 0 0 0\n")
    (root / "proc/self/cgroup").write_text(groups)
    return root


def group(folder, **numbers):
    folder.mkdir(parents=True, exist_ok=True)
    for name, number in numbers.items():
        (folder / name.replace("memory_", "memory.")).write_text(f"{number}\n")


def test_this_machine_has_some():
    assert MIB < memory.free_memory() <= memory.total_memory() < 2**50


def test_without_a_limit_the_machines_counts(tmp_path):
    root = machine(tmp_path, "0::/\n")
    group(tmp_path / "sys/fs/cgroup", memory_max="max", memory_current=5 * MIB)
    assert memory.free_memory(root) == 1000 * MIB


def test_a_container_of_version_2(tmp_path):
    root = machine(tmp_path, "0::/a/b\n")
    group(tmp_path / "sys/fs/cgroup/a", memory_max=300 * MIB, memory_current=250 * MIB)
    group(tmp_path / "sys/fs/cgroup/a/b", memory_max=400 * MIB, memory_current=10 * MIB)
    assert memory.total_memory(root) == 300 * MIB
    assert memory.free_memory(root) == 50 * MIB


def test_pages_of_files_can_be_dropped(tmp_path):
    root = machine(tmp_path, "0::/\n")
    group(tmp_path / "sys/fs/cgroup", memory_max=300 * MIB, memory_current=250 * MIB)
    (tmp_path / "sys/fs/cgroup/memory.stat").write_text(f"anon 1\ninactive_file {100 * MIB}\n")
    assert memory.free_memory(root) == 150 * MIB


def test_a_container_of_version_1_whose_path_is_the_hosts(tmp_path):
    root = machine(tmp_path, "5:cpu:/docker/x\n4:hugetlb,memory:/docker/x\n")
    group(
        tmp_path / "sys/fs/cgroup/memory",
        memory_limit_in_bytes=200 * MIB,
        memory_usage_in_bytes=80 * MIB,
    )
    assert memory.free_memory(root) == 120 * MIB


def test_a_full_container_has_none(tmp_path):
    root = machine(tmp_path, "0::/\n")
    group(tmp_path / "sys/fs/cgroup", memory_max=MIB, memory_current=2 * MIB)
    assert memory.free_memory(root) == 0


def test_a_limit_of_the_process(tmp_path, monkeypatch):
    root = machine(tmp_path, "0::/\n")
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (500 * MIB, 600 * MIB))
    assert memory.total_memory(root) <= 500 * MIB
    assert memory.free_memory(root) == 500 * MIB - resource.getpagesize()


def test_memory_maps_are_counted_where_linux_says_how_many_there_may_be(tmp_path):
    root = machine(tmp_path, "0::/\n")
    assert memory.memory_maps(root) == (0, memory.UNLIMITED)
    (root / "proc/self/maps").write_text("a\nb\nc\n")
    (root / "proc/sys/vm").mkdir(parents=True)
    (root / "proc/sys/vm/max_map_count").write_text("65530\n")
    assert memory.memory_maps(root) == (3, 65530)
