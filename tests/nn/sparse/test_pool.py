import pytest
import torch

pytest.importorskip("numba")

from strnn_viz.nn.sparse import pool
from strnn_viz.nn.sparse.pool import idle_bytes, room


@pytest.fixture(autouse=True)
def empty(monkeypatch):
    monkeypatch.setattr(pool, "_pieces", [])


def test_memory_is_used_again_once_no_tensor_has_it():
    first = room(3, 5)
    address, view = first.data_ptr(), first[1]
    assert (first.dtype, first.shape, address % 64) == (torch.float32, (3, 5), 0)
    del first
    assert room(15).data_ptr() != address  # a view still has it
    assert idle_bytes() == 60  # what the line above asked for
    del view
    assert idle_bytes() == 120
    other = room(4, 4)  # of another size
    assert other.data_ptr() != address
    assert {room(5, 3).data_ptr(), room(15).data_ptr()} <= {p.memory.ctypes.data for p in pool._pieces}
    kept = [room(15), room(15)]
    assert address in [k.data_ptr() for k in kept]
    assert idle_bytes() == 0


def test_what_autograd_keeps_is_not_given_to_another():
    x = room(6).fill_(2.0).requires_grad_()
    y = (x * x).sum()
    address = x.data_ptr()
    del x
    assert room(6).fill_(0.0).data_ptr() != address
    y.backward()


def test_too_much_idle_memory_is_given_back_the_oldest_first(monkeypatch):
    monkeypatch.setattr(pool, "IDLE", 100)
    tensors = [room(10), room(12), room(14)]
    addresses = [t.data_ptr() for t in tensors]
    del tensors
    assert idle_bytes() == 144
    assert room(14).data_ptr() == addresses[2]
    assert idle_bytes() == 144
    room(1)
    assert sorted(p.memory.size for p in pool._pieces) == [1, 14]


def test_nothing_is_something_too():
    assert room(0, 4).shape == (0, 4)
