"""The training set-up: labels, bodies, rendering, loss, export and scores."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

from heimdallr.domain.statements import Statement
from heimdallr.imaging.volume import LabelMap, save_nifti
from heimdallr.publishing.label_maps import describe_map
from heimdallr.publishing.schema import Labels

if TYPE_CHECKING:
    from types import ModuleType

TOOLS = Path(__file__).parents[2] / "tools" / "train"


def tool(name: str) -> ModuleType:
    """Import one module of the training set-up, which is no package."""
    if str(TOOLS) not in sys.path:
        sys.path.insert(0, str(TOOLS))
    return importlib.import_module(name)


@pytest.fixture(scope="module")
def body() -> Any:  # noqa: ANN401 - the class lives in a script
    """Make a tube of fat and muscle with a liver, gas and a vertebra, at 3 mm."""
    realmaps, tissues = tool("realmaps"), tool("tissues")
    shape = (90, 60, 80)
    z, y, x = np.meshgrid(*[np.arange(size) for size in shape], indexing="ij")
    radius = np.hypot(y - 30, x - 40)
    total, tissue, kind = np.zeros((3, *shape), np.uint8)
    for where, number, compartment, name in (
        (radius < 26, 0, 1, "fat"),
        (radius < 20, 0, 3, "muscle"),
        ((np.hypot(y - 34, x - 46) < 9) & (z > 30) & (z < 70), 5, 0, "liver"),
        (np.hypot(y - 18, x - 40) < 5, 29, 0, "bone_trabecular"),
        (np.hypot(y - 40, x - 32) < 4, 20, 0, "gas"),
    ):
        total[where], tissue[where] = number, compartment
        kind[where] = tissues.KIND_NUMBER[name]
    return realmaps.body_from_maps(total, tissue, kind)


def test_majority_is_the_most_frequent_value() -> None:
    """The vote of eight sub-voxels equals counting each value."""
    votes = np.random.default_rng(1).integers(0, 4, (8, 5, 6, 7)).astype(np.uint8)
    won = tool("realmaps").majority(votes)
    counts = np.stack([(votes == value).sum(0) for value in range(4)])
    assert (np.take_along_axis(counts, won[None].astype(int), 0)[0] == counts.max(0)).all()


def test_a_body_keeps_its_maps_and_code_zero_is_air(body: Any) -> None:  # noqa: ANN401
    """Looking codes up in the palette gives the maps back; 0 is unlabelled air."""
    assert body.total[0] == 0
    assert body.kind[0] == tool("tissues").KIND_NUMBER["air"]
    assert set(np.unique(body.total[body.code])) == {0, 5, 20, 29}
    assert (body.tissue[body.code] == 1).sum() > (body.total[body.code] == 5).sum()


def test_too_many_combinations_are_refused() -> None:
    """More combinations than a byte can hold end in an error, never in mixed-up labels."""
    many = np.arange(300).reshape(3, 10, 10)
    with pytest.raises(ValueError, match="do not fit one byte"):
        tool("realmaps").body_from_maps(many % 100, many // 100, many % 30)


def test_left_out_classes_become_background() -> None:
    """Single ribs are background in training, the liver is not."""
    classes = tool("classes")
    lut = classes.compact_lut(classes.TOTAL_KEPT)
    assert lut[95] == 0
    assert classes.TOTAL_KEPT[lut[5] - 1] == 5
    assert lut[: classes.IGNORE].max() == len(classes.TOTAL_KEPT)
    assert lut[classes.IGNORE] == classes.IGNORE


def test_mr_labels_merge_lobes_and_vertebrae() -> None:
    """MR numbers follow the names: lobes to a lung, vertebrae to one class, S1 to the sacrum."""
    classes = tool("classes")
    name = dict(classes.TOTAL.items())
    number = {text: n for n, text in name.items()}
    to = classes.TOTAL_TO_MR
    assert classes.TOTAL_MR[to[number["lung_middle_lobe_right"]]] == "lung_right"
    assert classes.TOTAL_MR[to[number["vertebrae_T7"]]] == "vertebrae"
    assert classes.TOTAL_MR[to[number["vertebrae_S1"]]] == "sacrum"
    assert classes.TOTAL_MR[to[number["femur_left"]]] == "femur_left"
    assert to[number["skull"]] == 0


def test_a_rendered_patch_looks_like_its_labels(body: Any) -> None:  # noqa: ANN401
    """Gas is darker than fat, fat than liver, liver than bone; the same seed is the same patch."""
    render = tool("render")
    levels: dict[str, list[float]] = {"gas": [], "fat": [], "liver": [], "bone": []}
    for seed in range(6):
        patch = render.render(body, np.random.default_rng(seed))
        assert patch.image.shape == patch.total.shape == render.PATCH
        tissue = patch.tissue & 127
        for name, where in (
            ("gas", patch.total == 20),
            ("fat", tissue == 1),
            ("liver", patch.total == 5),
            ("bone", patch.total == 29),
        ):
            if where.sum() > 50:
                levels[name].append(float(np.median(patch.image[where])))
    means = {name: np.mean(values) for name, values in levels.items()}
    assert means["gas"] < means["fat"] < means["liver"] < means["bone"]
    again = render.render(body, np.random.default_rng(5))
    assert (again.image == patch.image).all()


def test_what_lies_around_a_patient_lies_in_the_air(body: Any) -> None:  # noqa: ANN401
    """Couch, cloth and head rest change air only, and each of them changes some."""
    surroundings = tool("surroundings")
    air = body.code == 0
    for lay in (surroundings.couch, surroundings.cloth):
        hu = np.where(air, -1000, 40).astype(np.float32)
        lay(hu, body.code, np.random.default_rng(3))
        assert (hu[~air] == 40).all()
        assert (hu[air] > -999).any(), lay.__name__
    head = replace(body, total=np.where(body.total == 5, 90, body.total))
    hu = np.where(air, -1000, 40).astype(np.float32)
    surroundings.head_rest(hu, head, head.code, np.random.default_rng(3))
    assert (hu[~air] == 40).all()
    assert (hu[air] > -500).any()


def test_forearms_lie_outside_the_body_and_have_no_class(body: Any) -> None:  # noqa: ANN401
    """Muscle and fat of an arm are compartments of their own kind, its bone is no named bone."""
    surroundings = tool("surroundings")
    seen = 0
    for seed in range(30):
        fine = body.code.copy()
        wider = surroundings.arms_beside(body, fine, np.random.default_rng(seed))
        changed = fine != body.code
        if not changed.any():
            continue
        seen += 1
        assert (body.code[changed] == 0).all()
        assert set(np.unique(wider.total[fine[changed]])) == {0}
        assert set(np.unique(wider.tissue[fine[changed]])) == {0, 1, 3}
    assert 0 < seen < 15


@pytest.mark.parametrize(
    ("disease", "instead_of"), [("ascites", {0}), ("effusion", {10}), ("mass", {0, 20})]
)
def test_fluid_and_masses_are_tissue_without_a_name(disease: str, instead_of: set[int]) -> None:
    """They take the place of fat, lung or bowel only, and belong to no class and compartment."""
    realmaps, tissues = tool("realmaps"), tool("tissues")
    total, tissue, kind = np.zeros((3, 60, 50, 60), np.uint8)
    total[...], kind[...] = 5, tissues.KIND_NUMBER["liver"]
    for rows, number, compartment, name in (
        (slice(0, 10), 29, 0, "bone_trabecular"),
        (slice(20, 30), 0, 2, "fat"),
        (slice(30, 40), 20, 0, "gas"),
    ):
        total[:, rows], tissue[:, rows] = number, compartment
        kind[:, rows] = tissues.KIND_NUMBER[name]
    total[50:], tissue[50:], kind[50:] = 10, 0, tissues.KIND_NUMBER["lung"]
    healthy = realmaps.body_from_maps(total, tissue, kind)
    fine = healthy.code.copy()
    ill = getattr(tool("disease"), disease)(healthy, fine, np.random.default_rng(1))
    changed = fine != healthy.code
    assert changed.any()
    assert set(np.unique(healthy.total[healthy.code[changed]])) <= instead_of
    assert (ill.total[fine[changed]] == 0).all()
    assert (ill.tissue[fine[changed]] == 0).all()


def test_a_scan_brings_its_own_image_and_what_nobody_knows(body: Any) -> None:  # noqa: ANN401
    """The image is the scan's, no painted one; an ignored organ stays ignored in both targets."""
    ignore = tool("classes").IGNORE
    hu = np.where(body.code == 0, -1000, 300).astype(np.int16)
    hu[body.total[body.code] == 5] = -200
    liver = body.total == 5
    scan = replace(
        body,
        total=np.where(liver, ignore, body.total).astype(np.uint8),
        tissue=np.where(liver, ignore, body.tissue).astype(np.uint8),
        hu=hu,
    )
    seen = 0
    for seed in range(4):
        image, (total, tissue, inside) = (
            tool("stages").STAGES["ct"].draw(scan, np.random.default_rng(seed))
        )
        unknown = total == ignore
        seen += int(unknown.sum())
        assert (tissue[unknown] == ignore).all()
        assert (inside[unknown] > 0).all()
        if unknown.sum() > 50:
            assert np.median(image[unknown]) < np.median(image[(inside > 0) & ~unknown])
    assert seen > 50


def test_bodies_come_back_from_disk(body: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """With a scan's image, and without one."""
    files = tool("body_files")
    for kept in (body, replace(body, hu=np.zeros(body.code.shape, np.int16))):
        files.save_body(tmp_path / "0.npz", kept)
        again = files.load_body(tmp_path / "0.npz")
        assert (again.code == kept.code).all()
        assert (again.hu is None) == (kept.hu is None)


def test_doubted_labels_of_a_case_are_not_taught(tmp_path: Path) -> None:
    """A spleen not believed and a colon seen to be wrong are ignored, and so is nameless tissue."""
    pseudo, total_of = tool("pseudo_labels"), tool("classes").TOTAL
    shape, affine = (40, 40, 40), np.diag([3.0, 3.0, 3.0, 1.0])
    hu = np.full(shape, -100, np.int16)
    total, tissue = np.zeros((2, *shape), np.uint8)
    for planes, number in (((2, 8), 5), ((14, 18), 1), ((24, 28), 20)):
        total[:, :, slice(*planes)] = number
    hu[:, :, 34:] = 40
    labels = tmp_path / "labels"
    labels.mkdir()
    for path, data in (
        (tmp_path / "volume.nii.gz", hu),
        (labels / "total.nii.gz", total),
        (labels / "tissue_types.nii.gz", tissue),
        (labels / "body.nii.gz", np.ones(shape, np.uint8)),
    ):
        save_nifti(path, data, affine)
    names = {number: total_of[number] for number in (5, 1, 20)}
    doubts = {"spleen": [Statement("hollow_body")]}
    described = describe_map("total", "total", LabelMap(total, affine, names), doubts)
    (labels / "labels.json").write_text(
        Labels(shape=shape, affine=affine.tolist(), maps=[described]).model_dump_json()
    )
    doubted = pseudo.doubted(tmp_path, ["colon"])
    assert {1, 20} <= set(doubted)
    assert 5 not in doubted
    scan = pseudo.scan_body(tmp_path, doubted)
    pad = slice(28, -28)
    taught = scan.total[scan.code][:, pad, pad]
    assert [int(np.unique(taught[z]).item()) for z in (4, 10, 16, 26, 31, 36)] == [
        *(5, 0, 127, 127, 0, 127),
    ]
    assert (scan.hu[:, pad, pad] == hu.transpose(2, 1, 0)).all()
    assert set(np.unique(pseudo.label_map(tmp_path, doubted))) == {0, 5}
    with pytest.raises(ValueError, match="no structures: elbow"):
        pseudo.doubted(tmp_path, ["elbow"])


def test_an_mr_patch_is_normalised_over_the_scan(body: Any) -> None:  # noqa: ANN401
    """Within the scan mean 0 and spread 1 (nnU-Net's z-score), exactly 0 around it."""
    patch = tool("render_mr").render_mr(body, np.random.default_rng(3))
    scan = patch.image[patch.image != 0]
    assert abs(float(scan.mean())) < 1e-3
    assert float(scan.std()) == pytest.approx(1, abs=1e-3)


def test_bleeds_are_painted_into_the_brain_only() -> None:
    """Clotted blood appears, is brighter than brain and lies within the brain label."""
    realmaps, tissues, bleed = tool("realmaps"), tool("tissues"), tool("render_bleed")
    shape = (110, 130, 110)
    grid = np.meshgrid(*[np.linspace(-1, 1, size) for size in shape], indexing="ij")
    radius = np.sqrt(sum(axis**2 for axis in grid))
    total = np.where(radius < 0.75, 90, np.where(radius < 0.85, 91, 0)).astype(np.uint8)
    kind = np.zeros(shape, np.uint8)
    kind[radius < 0.85] = tissues.KIND_NUMBER["skull"]
    kind[radius < 0.75] = tissues.KIND_NUMBER["brain"]
    head = realmaps.body_from_maps(total, np.zeros(shape, np.uint8), kind)
    clot = tissues.KIND_NUMBER["blood_clot"]
    seen = 0
    for seed in range(4):
        patch = bleed.render_bleed(head, np.random.default_rng(seed))
        where = patch.kind == clot
        if where.sum() < 30:
            continue
        seen += 1
        assert (patch.total[where] == 90).all()
        healthy = (patch.kind == tissues.KIND_NUMBER["brain"]) & (patch.total == 90)
        assert np.median(patch.image[where]) > np.median(patch.image[healthy])
    assert seen >= 2


def test_loss_falls_to_zero_for_certain_right_answers() -> None:
    """Certain and right costs nothing, certain and wrong a lot."""
    model = tool("model")
    target = torch.tensor([0, 1, 2, 2, 1, 0])
    right = torch.nn.functional.one_hot(target, 4).float() * 40
    assert float(model.segmentation_loss(right, target)) < 1e-3
    assert float(model.segmentation_loss(right.roll(1, 1), target)) > 10


def test_ignored_voxels_cost_nothing() -> None:
    """However wrong the answer there, loss and gradient are those of the other voxels."""
    model, ignore = tool("model"), tool("classes").IGNORE
    torch.manual_seed(0)
    head, rows = torch.nn.Linear(8, 4), torch.randn(20, 8)
    target = torch.arange(20) % 4
    partly = target.clone()
    partly[10:] = ignore
    partly_loss = model.head_loss(head, rows, partly)
    assert partly_loss.item() == pytest.approx(model.head_loss(head, rows[:10], target[:10]).item())
    assert partly_loss.item() != pytest.approx(model.head_loss(head, rows, target).item())


def test_a_mix_lies_between_start_and_trained(tmp_path: Path) -> None:
    """A share of 0.25 is a quarter of the way."""
    weights = tmp_path / "start.pt"
    torch.save({"average": {"w": torch.zeros(3)}}, weights)
    mixed = tool("export").Start(weights, 0.25).mixed({"w": torch.ones(3)})
    assert mixed["w"].tolist() == [0.25] * 3


def test_learning_rate_warms_up_and_anneals() -> None:
    """Low at first, near the peak after the warm-up, a hundredth of it at the end."""
    rate = tool("train").learning_rate
    assert rate(0, 6000, 1.0) < 0.1
    assert rate(100, 6000, 1.0) > 0.9
    assert rate(6000, 6000, 1.0) == pytest.approx(0.01)
    assert rate(9000, 6000, 1.0) == pytest.approx(0.01)


def test_exported_folder_is_what_nnunet_loads(tmp_path: Path) -> None:
    """nnU-Net's own builder takes plans and weights; trained channels carry the head's logits."""
    model, export, stages = tool("model"), tool("export"), tool("stages")
    target = export.TARGETS["tissue_types"]
    stage = stages.STAGES[target.stage]
    torch.manual_seed(0)
    net = model.HeadedUNet(stage.network, stage.heads).eval()
    folder = export.write(target, net, tmp_path, {"steps": 1})
    assert folder.parent.name == "Dataset481_tissue_1559subj"
    assert folder.name == "nnUNetTrainer__nnUNetPlans__3d_fullres"
    checkpoint = torch.load(folder / "fold_0" / "checkpoint_final.pth", weights_only=True)
    manager = PlansManager(json.loads((folder / "plans.json").read_text()))
    configuration = manager.get_configuration(checkpoint["init_args"]["configuration"])
    labels = manager.get_label_manager(json.loads((folder / "dataset.json").read_text()))
    network = get_network_from_plans(
        configuration.network_arch_class_name,
        configuration.network_arch_init_kwargs,
        configuration.network_arch_init_kwargs_req_import,
        1,
        labels.num_segmentation_heads,
        deep_supervision=False,
    ).eval()
    network.load_state_dict(checkpoint["network_weights"])
    image = torch.randn(1, 1, 32, 32, 32)
    with torch.inference_mode():
        ours, theirs = net.logits(image, 1), network(image)
    assert theirs.shape[1] == 4
    # the file holds half precision
    torch.testing.assert_close(theirs, ours, atol=0.05, rtol=0.05)


def test_exported_folders_can_be_trained_on(tmp_path: Path) -> None:
    """Both heads come back as they were; a class switched off begins below the background."""
    model, export, stages = tool("model"), tool("export"), tool("stages")
    stage = stages.STAGES["ct"]
    torch.manual_seed(0)
    net = model.HeadedUNet(stage.network, stage.heads).eval()
    for task in ("total", "tissue_types"):
        export.write(export.TARGETS[task], net, tmp_path, {"steps": 1})
    again = tool("warm_start").network("ct", tmp_path).eval()
    kept = export.TARGETS["total"].kept
    adrenals = [1 + kept.index(number) for number in (8, 9)]
    others = [row for row in range(1 + len(kept)) if row not in adrenals]
    image = torch.randn(1, 1, 32, 32, 32)
    with torch.inference_mode():
        before, after = net.logits(image, 0), again.logits(image, 0)
        torch.testing.assert_close(
            again.logits(image, 1), net.logits(image, 1), atol=0.05, rtol=0.05
        )
    torch.testing.assert_close(after[:, others], before[:, others], atol=0.05, rtol=0.05)
    assert (after[:, adrenals] < after[:, :1]).all()


def test_channels_of_left_out_classes_never_win() -> None:
    """A class that was not trained is below every trained one, whatever the image."""
    model, export, stages = tool("model"), tool("export"), tool("stages")
    target = export.TARGETS["total"]
    stage = stages.STAGES[target.stage]
    weights = export.network_weights(model.HeadedUNet(stage.network, stage.heads), target)
    last = max(k for k in weights if k.startswith("decoder.seg_layers") and k.endswith("bias"))
    bias = weights[last]
    off = sorted(set(range(118)) - {0, *target.kept} | target.not_learnt)
    assert len(bias) == 118
    assert (bias[off] == -100).all()
    assert (weights[last.replace("bias", "weight")][off] == 0).all()
    # nnU-Net adds logits × 10 of up to 8 nearly equal windows in half precision
    assert torch.finfo(torch.half).max > -export.OFF * 10 * 8


def test_dice_counts_what_both_have() -> None:
    """Dice equals the textbook formula; small structures are left out."""
    collected = tool("scores")
    wanted, found = np.zeros((2, 20, 20, 20), np.uint8)
    wanted[2:12], found[7:17] = 5, 5
    wanted[0, 0, :3] = 7
    scores = collected.dice_by_class(found, wanted, (5, 7), 1.0)
    assert scores == {5: pytest.approx(0.5)}


def test_the_nearest_true_level_is_named() -> None:
    """A label one vertebra too high is told by the true centres; no label gives no level."""
    evaluate = tool("evaluate")
    labels = np.zeros((4, 4, 60), np.uint8)
    labels[:, :, 40:44] = 29
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    heights = {"L2": 84.0, "L3": 50.0, "L4": 20.0}
    assert evaluate.nearest_level(labels, 29, affine, heights) == "L2"
    assert evaluate.nearest_level(labels, 28, affine, heights) is None


def test_surfaces_lie_as_far_apart_as_they_were_moved() -> None:
    """A box moved by two voxels: its ends are two apart, what lies along the way is not."""
    agreement = tool("agreement")
    wanted, found = np.zeros((2, 30, 30, 40), np.uint8)
    wanted[5:25, 5:25, 5:25], found[5:25, 5:25, 7:27] = 5, 5
    wanted[1, 1, 1] = 7
    distances = agreement.surface_distances_mm(found, wanted, (5, 7), np.array([1.0, 1.0, 3.0]))
    assert list(distances) == [5]
    mean, high = distances[5]
    assert 0 < mean < high == pytest.approx(6.0)
    same = agreement.surface_distances_mm(wanted, wanted, (5,), np.ones(3))
    assert same == {5: (0.0, 0.0)}


def test_tables_name_what_is_known() -> None:
    """Muscle that no reference covers is not known, and no error is made of it."""
    report = tool("report")
    lines = report.muscle_table([("a", 100.0, 104.0), ("b", None, 90.0), ("c", 80.0, None)])
    assert "| a | 100.0 | 104.0 | +4.0 % |" in lines
    assert "| b | not known | – | – |" in lines
    assert "| c | 80.0 | not assessed | – |" in lines
    assert lines[-1].startswith("Within 10 %: 1 of 1;")


def test_reliability_sets_confidence_against_dice() -> None:
    """Two structures sure of 0.92 that reach 0.82 and 0.72 are 0.15 too sure on average."""
    table = tool("report").reliability([("a", 0.92, 0.82), ("b", 0.92, 0.72)])
    assert "| 0.90–1.00 | 2 | 0.92 | 0.77 | 0.72 |" in table
    assert "Expected calibration error: 0.150." in table


def test_a_loss_on_any_set_is_told_first() -> None:
    """A class that lost on one set leads the list, whatever the others gained."""
    before = {"x": {"total": {"liver": [0.9]}, "tissue": {}, "total_mr": {}}}
    before["y"] = {"total": {"liver": [0.8]}, "tissue": {"fat": [0.9]}, "total_mr": {}}
    after = json.loads(json.dumps(before))
    after["x"]["total"]["liver"], after["y"]["tissue"]["fat"] = [0.95], [0.87]
    changes = tool("compare").changes(before, after)
    assert changes[0] == (pytest.approx(-0.03), "y: fat 0.900")
    assert changes[-1][0] == pytest.approx(0.05)
