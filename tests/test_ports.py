import socket

from strnn_viz.ports import free_port, is_free


def test_a_port_that_is_taken_is_not_given():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = holder.getsockname()[1]
        assert not is_free(taken)
        assert free_port(taken) not in (0, taken)
    assert is_free(taken)
    assert free_port(taken) == taken


def test_any_port_is_a_real_one():
    assert free_port(0) > 1023
