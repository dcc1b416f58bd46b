import numpy as np
import pytest
import torch

from strnn_viz.nn.rhn import RHNLayer, StackedRHN, shared_dropout


def randomized(module, scale=0.5):
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in module.parameters():
            p.normal_(0, scale, generator=generator)
    return module.double()


def arrays(*tensors):
    return [t.detach().numpy() for t in tensors]


def equations(x, s, layer, input_mask=1.0, hidden_mask=1.0):
    """Eq. 6 to 9 of Zilly et al. 2017 with c = 1 - t, written out in numpy, one matrix a gate."""
    n, outputs = layer.hidden, []
    (w,) = arrays(layer.weight_ih)
    for x_t in x:
        for depth in range(layer.depth):
            r, b = arrays(getattr(layer, f"weight_hh_{depth}"), getattr(layer, f"bias_{depth}"))
            seen = s * hidden_mask
            h, t = seen @ r[:n].T + b[:n], seen @ r[n:].T + b[n:]
            if depth == 0:
                h, t = h + (x_t * input_mask) @ w[:n].T, t + (x_t * input_mask) @ w[n:].T
            t = 1 / (1 + np.exp(-t))
            s = np.tanh(h) * t + s * (1 - t)
        outputs.append(s)
    return np.stack(outputs), s


@pytest.mark.parametrize(("time", "depth"), [(1, 1), (1, 3), (7, 1), (7, 4)])
def test_a_layer_computes_the_equations(time, depth):
    torch.manual_seed(0)
    layer = randomized(RHNLayer(5, 6, depth))
    x, s = torch.randn(time, 3, 5, dtype=torch.double), torch.randn(3, 6, dtype=torch.double)
    y, (after,) = layer(x, (s,))
    outputs, last = equations(*arrays(x, s), layer)
    np.testing.assert_allclose(y.detach(), outputs, rtol=0, atol=1e-12)
    np.testing.assert_allclose(after.detach(), last, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("depth", "dropout"), [(1, 0.0), (3, 0.0), (3, 0.4)])
def test_gradients_are_those_of_finite_differences(depth, dropout):
    torch.manual_seed(0)
    layer = randomized(RHNLayer(3, 4, depth, input_dropout=dropout, hidden_dropout=dropout))
    x = torch.randn(3, 2, 3, dtype=torch.double, requires_grad=True)
    s = torch.randn(2, 4, dtype=torch.double, requires_grad=True)

    def outputs(*_):
        torch.manual_seed(7)  # the same masks at every evaluation
        y, (after,) = layer(x, (s,))
        return y, after

    assert torch.autograd.gradcheck(outputs, (x, s, *layer.parameters()))


def test_dropout_masks_are_the_same_at_every_time_step_depth_and_gate():
    torch.manual_seed(0)
    layer = randomized(RHNLayer(5, 6, 3, input_dropout=0.6, hidden_dropout=0.25))
    x, s = torch.randn(7, 3, 5, dtype=torch.double), torch.randn(3, 6, dtype=torch.double)
    torch.manual_seed(1)
    y, _ = layer(x, (s,))
    torch.manual_seed(1)
    masks = arrays(shared_dropout(x, 0.6), shared_dropout(s, 0.25))
    assert masks[0].shape == (3, 5)
    assert set(masks[0].flat) == {0.0, 1 / 0.4}
    assert set(masks[1].flat) == {0.0, 1 / 0.75}
    np.testing.assert_allclose(y.detach(), equations(*arrays(x, s), layer, *masks)[0], rtol=0, atol=1e-12)


def test_no_dropout_in_evaluation():
    layer = randomized(RHNLayer(5, 6, 3, input_dropout=0.6, hidden_dropout=0.25)).eval()
    x, s = torch.ones(2, 3, 5, dtype=torch.double), torch.zeros(3, 6, dtype=torch.double)
    before = torch.get_rng_state()
    np.testing.assert_allclose(layer(x, (s,))[0].detach(), equations(*arrays(x, s), layer)[0], rtol=0, atol=1e-12)
    assert torch.equal(torch.get_rng_state(), before)


def test_state_carried_from_one_piece_to_the_next_makes_one_sequence():
    torch.manual_seed(0)
    model = randomized(StackedRHN(5, (6, 4), 3))
    x = torch.randn(8, 3, 5, dtype=torch.double)
    whole, _ = model(x)
    first, state = model(x[:3])
    second, _ = model(x[3:], state)
    assert whole.shape == (8, 3, 4)
    torch.testing.assert_close(torch.cat([first, second]), whole, rtol=0, atol=1e-14)


def test_a_layer_reads_the_one_below():
    torch.manual_seed(0)
    model = randomized(StackedRHN(5, (6, 4), 2))
    x = torch.randn(4, 3, 5, dtype=torch.double)
    below, _ = equations(x.numpy(), np.zeros((3, 6)), model[0])
    above, _ = equations(below, np.zeros((3, 4)), model[1])
    np.testing.assert_allclose(model(x)[0].detach(), above, rtol=0, atol=1e-12)
