"""A torch module as a target: layouts, order, early stop, hooks, batches, keys, patches and failures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from lettvin.targets.errors import BadInput, TargetFailed
from lettvin.targets.module import ModuleTarget
from lettvin.targets.patch import noise_pictures
from lettvin.targets.picture import FromPrompt, Picture


def to_tensor(image):
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255


def small_net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1, stride=2), nn.ReLU(), nn.Sequential(nn.Conv2d(4, 6, 3, stride=2), nn.ReLU()),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 5),
    )  # fmt: skip


def pictures(n: int, side: int = 24) -> list[Picture]:
    return noise_pictures(n, side, seed=7)


def hooks_left(module: nn.Module) -> int:
    return sum(len(inner._forward_hooks) for inner in module.modules())


def test_layers_are_found_in_forward_order_with_kinds_and_units():
    target = ModuleTarget("net", small_net(), to_tensor, device="cpu")
    assert [(x.name, x.units, x.kind) for x in target.layers] == [
        ("0", 4, "conv"), ("1", 4, "conv"), ("2.0", 6, "conv"), ("2.1", 6, "conv"), ("2", 6, "conv"),
        ("3", 6, "conv"), ("4", 6, "vector"), ("5", 5, "vector"),
    ]  # fmt: skip
    assert target.default_layers == ("0", "1", "2.0", "2.1", "3", "4", "5")  # containers give way to their children


def test_forward_order_is_the_order_of_calls_not_of_declaration():
    class Backwards(nn.Module):
        def __init__(self):
            super().__init__()
            self.last, self.first = nn.Conv2d(4, 2, 1), nn.Conv2d(3, 4, 1)

        def forward(self, x):
            return self.last(self.first(x))

    target = ModuleTarget("net", Backwards(), to_tensor, device="cpu")
    assert [x.name for x in target.layers] == ["first", "last"] == list(target.default_layers)


def test_maps_equal_a_plain_forward_and_do_not_depend_on_the_batch():
    net, shown = small_net().eval(), pictures(7)
    with torch.no_grad():
        plain = net[:3](torch.stack([to_tensor(p.image) for p in shown])).numpy()
    for batch in (1, 3, 32):
        target = ModuleTarget("net", small_net(), to_tensor, device="cpu", batch=batch)
        maps = target.maps(shown, target.unit("2:4"))
        np.testing.assert_allclose(np.stack(maps), plain[:, 4], atol=1e-6)


def test_groups_are_means_and_directions_projections_of_maps():
    target, shown = ModuleTarget("net", small_net(), to_tensor, device="cpu"), pictures(2)
    one, three = (np.stack(target.maps(shown, target.unit(f"2:{i}"))) for i in (1, 3))
    np.testing.assert_allclose(np.stack(target.maps(shown, target.unit("2:1+3"))), (one + three) / 2, atol=1e-6)


def test_vectors_are_maps_of_one_by_one():
    target = ModuleTarget("net", small_net(), to_tensor, device="cpu")
    assert target.maps(pictures(2), target.unit("5:0"))[0].shape == (1, 1)


@pytest.mark.parametrize("prefix", [0, 1, 5])
def test_tokens_lie_back_on_their_grid_without_class_and_register_tokens(prefix):
    class Tokens(nn.Module):
        """The picture's pixels as tokens, row by row, behind `prefix` others that hold 1000."""

        def __init__(self):
            super().__init__()
            self.tokens = Rows()

        def forward(self, x):
            return self.tokens(x)

    class Rows(nn.Module):
        def forward(self, x):
            rows = x.flatten(2).transpose(1, 2)
            return torch.cat([torch.full((len(x), prefix, 3), 1000.0), rows], 1)

    shown = pictures(3, side=10)
    target = ModuleTarget("vit", Tokens(), to_tensor, device="cpu")
    assert target.layer("tokens").kind == "tokens"
    assert target.layer("tokens").units == 3
    for picture, found in zip(shown, target.maps(shown, target.unit("tokens:1")), strict=True):
        np.testing.assert_array_equal(found, picture.pixels[:, :, 1] / np.float32(255))


@pytest.mark.parametrize("wrap", [
    lambda t: (None, t, t * 2),
    lambda t: {"hidden": t * 2, "last_hidden_state": t},
    lambda t: {"loss": None, "logits": t},
    lambda t: [[t], t * 2],
])  # fmt: skip
def test_outputs_inside_tuples_and_dicts_are_found(wrap):
    class Wrapping(nn.Module):
        def forward(self, x):
            return wrap(x)

    target = ModuleTarget("net", nn.Sequential(nn.Conv2d(3, 2, 1), Wrapping()), to_tensor, device="cpu")
    shown = pictures(1)
    assert np.array_equal(target.maps(shown, target.unit("1:1"))[0], target.maps(shown, target.unit("0:1"))[0])


def test_a_module_without_children_is_one_layer_called_output():
    target = ModuleTarget("net", nn.Conv2d(3, 2, 1), to_tensor, device="cpu")
    assert [x.name for x in target.layers] == ["output"] == list(target.default_layers)
    assert target.unit("1").layer.name == "output"


def test_the_forward_stops_after_the_last_wanted_layer():
    calls = []

    class Counting(nn.Identity):
        def forward(self, x):
            calls.append(1)
            return x

    target = ModuleTarget("net", nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU(), Counting()), to_tensor, device="cpu")
    calls.clear()
    target.watch(pictures(2), ["1"], lambda name, maps: None)
    assert calls == []
    target.watch(pictures(2), ["2"], lambda name, maps: None)
    assert calls == [1]


def test_a_module_that_catches_exceptions_cannot_swallow_the_stop():
    class Stubborn(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Conv2d(3, 2, 1), nn.Conv2d(3, 2, 1)

        def forward(self, x):
            try:
                return self.first(x)
            except Exception:
                return self.second(x)

    seen = []
    target = ModuleTarget("net", Stubborn(), to_tensor, device="cpu")
    target.watch(pictures(1), ["first"], lambda name, maps: seen.append(name))
    assert seen == ["first"]


def test_see_gets_one_call_a_layer_a_batch_in_forward_order():
    target = ModuleTarget("net", small_net(), to_tensor, device="cpu", batch=2)
    seen = []
    target.watch(pictures(5), ["5", "0"], lambda name, maps: seen.append((name, len(maps))))
    assert seen == [("0", 2), ("5", 2), ("0", 2), ("5", 2), ("0", 1), ("5", 1)]


def test_hooks_are_gone_after_a_forward_a_failed_look_and_a_failed_forward():
    class Moody(nn.Module):
        def forward(self, x):
            if x.mean() > 0.9:
                raise RuntimeError("too bright")
            return x

    net = nn.Sequential(nn.Conv2d(3, 2, 1), Moody())
    nn.init.constant_(net[0].weight, 1 / 3)
    nn.init.zeros_(net[0].bias)
    target = ModuleTarget("net", net, to_tensor, device="cpu")
    target.watch(pictures(1), ["1"], lambda name, maps: None)
    assert hooks_left(net) == 0

    def refuse(name, maps):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):  # what the caller raises is the caller's, not the network's failure
        target.watch(pictures(1), ["0"], refuse)
    assert hooks_left(net) == 0
    white = Picture.of(np.full((8, 8, 3), 255, np.uint8), FromPrompt("test", "white", 0))
    with pytest.raises(TargetFailed, match="net: the forward raised RuntimeError: too bright"):
        target.watch([white], ["1"], lambda name, maps: None)
    assert hooks_left(net) == 0


def test_a_module_that_views_its_maps_as_flat_works_although_channels_last_would_break_it():
    class Flat(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.head = nn.Conv2d(3, 4, 3, padding=1), nn.LazyLinear(2)

        def forward(self, x):
            x = self.conv(x)
            return self.head(x.view(len(x), -1))

    def small(image):
        return to_tensor(image.resize((8, 8)))

    net = Flat()
    net(torch.zeros(1, 3, 8, 8))
    target = ModuleTarget("net", net, small, device="cpu")
    assert target.maps(pictures(2), target.unit("head:0"))[0].shape == (1, 1)


def test_a_module_called_twice_is_read_at_its_first_call():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.shared = nn.Conv2d(3, 2, 1), nn.ReLU()

        def forward(self, x):
            return self.shared(self.shared(self.conv(x)) - 10)

    target, shown = ModuleTarget("net", Shared(), to_tensor, device="cpu"), pictures(1)
    conv = target.maps(shown, target.unit("conv:0"))[0]
    np.testing.assert_allclose(target.maps(shown, target.unit("shared:0"))[0], np.maximum(conv, 0), atol=1e-6)


def test_an_unknown_layer_names_the_nearest_and_an_uncalled_module_says_so():
    class Spare(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv_first, self.conv_spare = nn.Conv2d(3, 2, 1), nn.Conv2d(3, 2, 1)

        def forward(self, x):
            return self.conv_first(x)

    target = ModuleTarget("net", Spare(), to_tensor, device="cpu")
    with pytest.raises(BadInput, match="net has no layer 'conv_fist'; nearest: 'conv_first'"):
        target.layer("conv_fist")
    with pytest.raises(BadInput, match=r"'conv_spare' of net gives no maps"):
        target.layer("conv_spare")


@pytest.mark.parametrize(("preprocess", "says"), [
    (lambda image: 1 / 0, "preprocessing raised ZeroDivisionError"),
    (lambda image: np.zeros((3, 8, 8)), "not a float tensor 3xHxW"),
    (lambda image: torch.zeros(8, 8), "gave torch.float32 8x8, not a float tensor 3xHxW"),
    (lambda image: torch.zeros(1, 3, 8, 8), "not a float tensor 3xHxW"),
    (lambda image: torch.zeros(3, 8, 8, dtype=torch.uint8), "gave torch.uint8 3x8x8"),
])  # fmt: skip
def test_a_preprocessing_that_fails_or_gives_something_else_is_one_line(preprocess, says):
    with pytest.raises(TargetFailed, match=says) as caught:
        ModuleTarget("net", small_net(), preprocess, device="cpu")
    assert "\n" not in str(caught.value)


def test_a_forward_that_raises_is_one_line_that_names_it():
    class Broken(nn.Module):
        def forward(self, x):
            raise ValueError("first line\nsecond line")

    with pytest.raises(TargetFailed, match=r"^net: the forward raised ValueError: first line$"):
        ModuleTarget("net", nn.Sequential(Broken()), to_tensor, device="cpu")


def test_a_network_that_prints_prints_aside(capsys):
    """Standard output is for answers: what a user's network or preprocessing says goes to stderr."""

    class Loud(nn.Conv2d):
        def forward(self, x):
            print("forward of", tuple(x.shape))
            return super().forward(x)

    def loud(image):
        print("preprocessing")
        return to_tensor(image)

    target = ModuleTarget("loud", nn.Sequential(Loud(3, 2, 3)), loud, device="cpu")
    target.watch(pictures(2), ["0"], lambda name, maps: None)
    said = capsys.readouterr()
    assert said.out == ""
    assert "forward of" in said.err
    assert "preprocessing" in said.err


def test_pictures_that_come_out_at_two_sizes_are_refused():
    target = ModuleTarget("net", small_net(), to_tensor, device="cpu")
    with pytest.raises(TargetFailed, match="all must have one size"):
        target.watch([*pictures(1, 24), *pictures(1, 32)], ["0"], lambda name, maps: None)


def test_nan_in_a_map_is_a_failed_target():
    class Nan(nn.Module):
        def forward(self, x):
            return x / 0 * 0

    target = ModuleTarget("net", nn.Sequential(nn.Conv2d(3, 2, 1), Nan()), to_tensor, device="cpu")
    with pytest.raises(TargetFailed, match="NaN or infinity at 1:0"):
        target.maps(pictures(1), target.unit("1:0"))


def key_of(module: nn.Module, preprocess=to_tensor, **more) -> str:
    return ModuleTarget("net", module, preprocess, device="cpu", **more).key


def test_the_key_is_the_same_for_the_same_network():
    assert key_of(small_net()) == key_of(small_net())


def test_the_key_changes_with_each_thing_that_decides_numbers():
    class Scaled(nn.Module):
        def __init__(self, factor):
            super().__init__()
            self.factor = factor  # in no state dict, and not in the repr

        def forward(self, x):
            return x * self.factor

    def scaled_to(side):
        return lambda image: to_tensor(image.resize((side, side)))

    weights = small_net()
    with torch.no_grad():
        weights[0].weight[0, 0, 0, 0] += 1e-3
    strides = small_net()
    strides[0].stride = (1, 1)
    keys = [
        key_of(small_net()), key_of(weights), key_of(strides), key_of(small_net(), identity="other file"),
        key_of(small_net(), scaled_to(16)), key_of(small_net(), scaled_to(17)),
        key_of(nn.Sequential(Scaled(2.0))), key_of(nn.Sequential(Scaled(3.0))),
    ]  # fmt: skip
    assert len(set(keys)) == len(keys)


def test_a_preprocessing_that_captures_modules_and_itself_has_a_key():
    class Scale:
        def __init__(self, by):
            self.by, self.numpy, self.me = by, np, self

        def __call__(self, image):
            return to_tensor(image) * self.by

    assert key_of(small_net(), Scale(2)) == key_of(small_net(), Scale(2)) != key_of(small_net(), Scale(3))
    one, two = (lambda image: to_tensor(image) + 1), (lambda image: to_tensor(image) + 2)
    assert key_of(small_net(), one) != key_of(small_net(), two)
    scale = Scale(2)
    assert key_of(small_net(), lambda image: scale(image)) == key_of(small_net(), lambda image: scale(image))


def test_the_patch_of_a_stack_of_convolutions_is_its_receptive_field():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 16, 5), nn.Conv2d(16, 16, (1, 3)), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with torch.no_grad():
        net[0].weight.fill_(1.0)
        net[1].weight.zero_()
        net[1].weight[:, :, 0, 0] = net[1].weight[:, :, 0, 2] = 1.0
    target = ModuleTarget("net", net, to_tensor, device="cpu")
    assert target.patch("0") == (5, 5)
    assert target.patch("1") == (5, 7)
    assert target.patch("2") is None  # everything
    assert target.patch("3") is None  # a vector
    assert hooks_left(net) == 0


def test_a_network_without_a_gradient_has_no_patch():
    class Rounded(nn.Module):
        def forward(self, x):
            return (x.detach() * 8).round()

    target = ModuleTarget("net", nn.Sequential(Rounded()), to_tensor, device="cpu")
    assert target.patch("0") is None


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "cpu:1", ""])
def test_an_unknown_device_is_named(device):
    with pytest.raises(BadInput, match=f"unknown device '{device}'"):
        ModuleTarget("net", small_net(), to_tensor, device=device)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has cuda")
def test_a_device_that_is_not_here_is_named():
    with pytest.raises(BadInput, match="no device 'cuda'"):
        ModuleTarget("net", small_net(), to_tensor, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a cuda device")
def test_cuda_gives_the_cpu_s_maps_in_exact_float32():
    shown = pictures(5)
    maps = []
    for device in ("cpu", "cuda"):
        target = ModuleTarget("net", small_net(), to_tensor, device=device)
        maps.append(np.stack(target.maps(shown, target.unit("2:0"))))
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-5)


class Turned(nn.Module):
    def forward(self, x):
        return x.permute(0, 2, 3, 1)


class Rearranged(nn.Module):
    """Channels last in the middle, as Swin and ConvNeXt of torchvision and timm have them."""

    def __init__(self, channels: int = 12):
        super().__init__()
        self.stem = nn.Conv2d(3, channels, 2, stride=2)
        self.turned = Turned()
        self.norm, self.wide, self.act = nn.LayerNorm(channels), nn.Linear(channels, 20), nn.GELU()
        self.narrow, self.whole = nn.Linear(20, channels), nn.Identity()
        self.back = nn.Conv2d(channels, 5, 1)

    def forward(self, x):
        x = self.turned(self.stem(x))
        x = self.whole(x + self.narrow(self.act(self.wide(self.norm(x)))))
        return self.back(x.permute(0, 3, 1, 2))


@pytest.mark.parametrize("channels", [12, 10])  # maps are 12 x 12
def test_maps_with_channels_last_come_out_channels_first(channels):
    torch.manual_seed(0)
    net, shown = Rearranged(channels), pictures(3)
    target = ModuleTarget("net", net, lambda image: to_tensor(image.resize((24, 24))), device="cpu")
    assert [(x.name, x.units) for x in target.layers] == [
        ("stem", channels), ("turned", channels), ("norm", channels), ("wide", 20), ("act", 20), ("narrow", channels),
        ("whole", channels),
        ("back", 5),
    ]  # fmt: skip
    with torch.no_grad():
        stem = net.stem(target.prepare(shown)).permute(0, 2, 3, 1)
        wide = net.act(net.wide(net.norm(stem)))
    act = np.stack(target.maps(shown, target.unit("act:7")))
    np.testing.assert_allclose(act, wide[..., 7].numpy(), atol=1e-5)
    if channels == 10:  # where a map has as many rows as channels, a sum says nothing of its axes
        np.testing.assert_allclose(
            np.stack(target.maps(shown, target.unit("whole:3"))), (stem + net.narrow(wide))[..., 3].detach().numpy(), atol=1e-5
        )


def test_a_plain_convolutional_network_is_never_read_channels_last():
    net = nn.Sequential(nn.Conv2d(3, 24, (1, 5)), nn.ReLU(), nn.Sequential(nn.Identity()))
    target = ModuleTarget("net", net, to_tensor, device="cpu")  # 24 units of 24 x 20
    assert {(x.name, x.units) for x in target.every_layer} == {("0", 24), ("1", 24), ("2.0", 24), ("2", 24)}
    assert target.maps(pictures(1), target.unit("2:0"))[0].shape == (24, 20)


def test_what_attention_holds_for_each_head_is_no_map():
    """Heads x tokens x size, and heads x tokens x tokens, which is square like a map."""

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.norm, self.softmax = nn.Linear(8, 24), nn.Identity(), nn.Softmax(-1)

        def forward(self, x):
            q, k, v = self.qkv(x).reshape(len(x), -1, 3, 2, 4).permute(2, 0, 3, 1, 4)
            return (self.softmax(self.norm(q) @ k.mT) @ v).transpose(1, 2).flatten(2)

    class Patches(nn.Module):
        def __init__(self):
            super().__init__()
            self.patch, self.attention = nn.Conv2d(3, 8, 6, stride=6), Attention()

        def forward(self, x):
            return self.attention(self.patch(x).flatten(2).transpose(1, 2))

    target = ModuleTarget("net", Patches(), lambda image: to_tensor(image.resize((24, 24))), device="cpu")
    assert [(x.name, x.units, x.kind) for x in target.every_layer] == [
        ("patch", 8, "conv"), ("attention.qkv", 24, "tokens"), ("attention", 8, "tokens"),
    ]  # fmt: skip


def test_tokens_of_a_wide_picture_lie_on_a_wide_grid():
    class Rows(nn.Module):
        def forward(self, x):
            return torch.cat([torch.full((len(x), 2, 3), 9.0), x.flatten(2).transpose(1, 2)], 1)

    def wide(image):
        return to_tensor(image.resize((16, 8)))

    target = ModuleTarget("net", nn.Sequential(Rows()), wide, device="cpu")
    shown = pictures(1)[0]
    np.testing.assert_array_equal(target.maps([shown], target.unit("0:1"))[0], wide(shown.image)[1].numpy())


def test_the_key_changes_with_what_the_object_of_a_batch_method_holds():
    class Scale:
        def __init__(self, by):
            self.by = by

        def __call__(self, image):
            return to_tensor(image) * self.by

        def batch(self, shown):
            return torch.stack([to_tensor(pixels) * self.by for pixels in shown])

    one, again, two = Scale(1), Scale(1), Scale(2)
    keys = [key_of(small_net(), scale, preprocess_batch=scale.batch) for scale in (one, again, two)]
    assert keys[0] == keys[1] != keys[2]
