"""`grounding-dino`: Grounding DINO finds what a label says, and SAM where exactly, both through transformers.

Covered: a label's score in a picture, the largest over all boxes, of the label's own words; its mask, SAM's for that box. Each
label is asked alone of each picture, so that no score depends on what else is asked for, and nothing is kept from one picture
to the next. Folders and hub ids; a folder wins. Without SAM, or where it finds nothing in a box, the box is the mask. Not
covered: thresholds on boxes (a score is a number, `detector_neuron.py` says when it counts), other detectors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..targets.errors import BadInput, one_line
from ..targets.fingerprint import module_fingerprint
from ..targets.hub import NotInReach, folder_or_fetched
from ..targets.module import choose_device
from ..targets.picture import Picture
from ..targets.target import Sight

DINO, SAM = "IDEA-Research/grounding-dino-tiny", "facebook/sam-vit-base"
GRID = 14  # cells on a side of what `look` gives
VERSION = 1


class GroundedDetector:
    """Grounding DINO, and SAM where `sam` names one. Raises `BadInput` where either cannot be loaded."""

    nouns: frozenset[str] | None = None

    def __init__(self, name: str, dino: str, sam: str | None, device: str = "auto") -> None:
        import torch

        self.name, self.device = name, choose_device(device)
        try:
            import transformers
        except ImportError:
            raise BadInput(f"the detector {name!r} needs transformers: pip install 'lettvin[local]'") from None
        self._processor, self._dino = _loaded(name, dino, transformers.AutoModelForZeroShotObjectDetection, self.device)
        told = [f"grounded {VERSION} {GRID}", module_fingerprint(self._dino), str(self._processor.to_dict())]
        self._masker: tuple[Any, Any] | None = None
        if sam is not None:
            self._masker = _loaded(name, sam, transformers.SamModel, self.device)
            told += [module_fingerprint(self._masker[1]), str(self._masker[0].to_dict())]
        if not hasattr(self._processor, "tokenizer"):
            raise BadInput(f"the detector {name!r}: {dino!r} has no tokenizer for labels; name a Grounding DINO")
        self._inference = torch.inference_mode
        self.key = hashlib.sha256("\n".join([*told, self.device]).encode()).hexdigest()

    def sight(self, height: int, width: int) -> Sight:
        """All of a picture."""
        return Sight((0, 0, width, height))

    def look(self, pictures: Sequence[Picture], labels: Sequence[str]) -> list[Mapping[str, np.ndarray]]:
        """By label, 14 x 14: the share of a cell that the best box's mask covers, the largest made the label's score."""
        return [{label: self._where(picture, label) for label in labels} for picture in pictures]

    def boxes(self, picture: Picture, label: str) -> tuple[np.ndarray, np.ndarray]:
        """Every box and its score: float32 M x 4 (left, top, right, bottom, in pixels) and M, in [0, 1]."""
        import torch

        text = f"{label.lower().strip()} ."
        inputs = self._processor(images=picture.image, text=text, return_tensors="pt").to(self.device)
        with self._inference():
            found = self._dino(**inputs)
        own = self._own_words(inputs["input_ids"][0])
        scores = torch.sigmoid(found.logits[0][:, own]).amax(1)
        height, width = picture.pixels.shape[:2]
        x, y, w, h = found.pred_boxes[0].unbind(1)
        corners = torch.stack([(x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height], 1)
        limits = torch.tensor([width, height, width, height], device=corners.device)
        return torch.minimum(corners.clamp(min=0), limits).float().cpu().numpy(), scores.float().cpu().numpy()

    def _own_words(self, ids: Any) -> list[int]:
        """The places of the label's tokens: not those that begin and end a text, fill it up, or stand for its point."""
        tokenizer = self._processor.tokenizer
        others = {*tokenizer.all_special_ids, tokenizer.convert_tokens_to_ids(".")} - {tokenizer.unk_token_id}
        return [place for place, token in enumerate(ids.tolist()) if token not in others]

    def best(self, picture: Picture, label: str) -> tuple[float, np.ndarray]:
        """The score of the best box, and its mask: bool, height x width, true somewhere."""
        boxes, scores = self.boxes(picture, label)
        best = int(scores.argmax())
        return float(scores[best]), self._mask(picture, boxes[best])

    def _where(self, picture: Picture, label: str) -> np.ndarray:
        found, where = self.best(picture, label)
        covered, score = _cells(where), np.float32(found)
        return np.asarray(covered / covered.max() * score, np.float32).clip(0, score)

    def _mask(self, picture: Picture, box: np.ndarray) -> np.ndarray:
        """The pixels of what is in a box: bool, height x width; the box, where SAM finds nothing there."""
        height, width = picture.pixels.shape[:2]
        left, top, right, bottom = (round(float(edge)) for edge in box)
        inside = np.zeros((height, width), bool)
        inside[min(top, height - 1) : max(bottom, top + 1), min(left, width - 1) : max(right, left + 1)] = True
        if self._masker is None:
            return inside
        processor, model = self._masker
        inputs = processor(picture.image, input_boxes=[[[float(edge) for edge in box]]], return_tensors="pt")
        sizes = inputs["original_sizes"], inputs["reshaped_input_sizes"]
        with self._inference():
            found = model(**_on(inputs, self.device), multimask_output=False)
        mask = processor.image_processor.post_process_masks(found.pred_masks.cpu(), *sizes)[0].numpy().reshape(height, width)
        return mask.astype(bool) if mask.any() else inside


def _cells(mask: np.ndarray) -> np.ndarray:
    """The share of each cell that the mask covers: float64, 14 x 14, above 0 somewhere."""
    from PIL import Image

    small = Image.fromarray(mask.astype(np.uint8) * 255).resize((GRID, GRID), Image.Resampling.BOX)
    found = np.asarray(small, np.float64)
    if not found.any():  # less than half a level of a cell: the cell that its middle lies in
        y, x = (int(places.mean() * GRID / side) for places, side in zip(np.nonzero(mask), mask.shape, strict=True))
        found = np.zeros((GRID, GRID))
        found[y, x] = 1.0
    return found


def _on(inputs: Any, device: str) -> dict[str, Any]:
    """The inputs on the device, in float32 (boxes come in float64)."""
    import torch

    return {name: value.to(device, torch.float32 if value.is_floating_point() else None) for name, value in inputs.items()}


def _loaded(name: str, where: str, kind: Any, device: str) -> tuple[Any, Any]:
    """The processor and the model in a folder or of a hub id, in evaluation mode. Raises `BadInput`."""
    import transformers

    folder = _folder(name, where)
    try:
        loading: Any = transformers.AutoProcessor
        processor = loading.from_pretrained(folder, local_files_only=True)
        model = kind.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    except Exception as error:  # whatever a folder that is something else makes transformers raise
        raise BadInput(f"the detector {name!r}: {where!r} cannot be loaded: {one_line(error)[:300]}") from error
    return processor, model.eval().requires_grad_(False).to(device)


def _folder(name: str, where: str) -> Path:
    """The folder that a path or a hub id stands for; what was fetched before needs no network. Raises `BadInput`."""
    here = f"`hf download {where} --local-dir DIR` where there is a network, then grounding-dino@DINO_DIR+SAM_DIR"
    try:
        return folder_or_fetched(where, ("*.json", "*.txt", "*.safetensors"))
    except NotInReach as error:
        why = error.why
    if why is None:
        raise BadInput(f"the detector {name!r}: no folder {where!r}; write a folder or a hub id: {here}")
    raise BadInput(f"the detector {name!r}: {where!r} is neither here nor can it be fetched ({why}): {here}")
