#!/usr/bin/env python3
"""Records what the original code of Lumina-DiMOO and of diffusers' VQModel computes on tiny random checkpoints.

  make_fixtures.py LUMINA DIFFUSERS TOKENIZER.json OUT

LUMINA and DIFFUSERS are checkouts of Alpha-VLLM/Lumina-DiMOO and huggingface/diffusers; their files run as they are.
TOKENIZER.json is a tiny tokenizer of LLaDA's layout (tests/golden/fixtures/models/mmada_gqa). Needs Debian's
python3-torch (1.13) and python3-numpy. Stand-ins for the Hugging Face libraries hold no arithmetic;
scaled_dot_product_attention, which torch 1.13 lacks, is written out.
"""
import copy
import importlib
import importlib.abc
import importlib.machinery
import json
import math
import os
import struct
import sys
import types

import numpy as np
import torch

LUMINA, DIFFUSERS, TOKENIZER, OUT = sys.argv[1:5]
torch.set_num_threads(1)

# Ids of the tiny model: those of the release minus 125760, apart from the tokens that replace reserved ones.
OFFSET, CODES = 596, 64
VOCABULARY = OFFSET + CODES
IDS = {"<end-of-line>": 564, "<system>": 565, "</system>": 566, "<user>": 567, "</user>": 568, "<IMAGE>": 589,
       "</IMAGE>": 590, "<uncondition>": 591, "<canny>": 592, "</canny>": 593, "<answer>": 594, "</answer>": 595}
MASK, END = 576, 561
CELL = 16


# ---------------------------------------------------------------------------------------------------- files
DTYPES = {torch.float32: "F32", torch.float64: "F64", torch.bfloat16: "BF16", torch.int64: "I64", torch.uint8: "U8"}


def write_safetensors(path, tensors):
    header, blobs, at = {}, [], 0
    for name in sorted(tensors):
        t = tensors[name].detach().contiguous()
        raw = (t.view(torch.int16) if t.dtype == torch.bfloat16 else t).numpy().tobytes()
        header[name] = {"dtype": DTYPES[t.dtype], "shape": list(t.shape), "data_offsets": [at, at + len(raw)]}
        blobs.append(raw)
        at += len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def write_json(path, value):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        json.dump(value, file, indent=None, separators=(",", ":"))
        file.write("\n")


# ------------------------------------------------------------------------------------------------ stand-ins
def module(name, **members):
    made = types.ModuleType(name)
    made.__dict__.update(members)
    sys.modules[name] = made
    return made


def attention(q, k, v, attn_mask=None, dropout_p=0.0, is_causal=False):
    assert attn_mask is None and dropout_p == 0.0 and not is_causal
    return torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(q.size(-1)), dim=-1) @ v


class PretrainedConfig:
    def __init__(self, **kwargs):
        self.use_return_dict = True
        self.__dict__.update(kwargs)


class PreTrainedModel(torch.nn.Module):
    def __init__(self, config, *args, **kwargs):
        super().__init__()
        self.config = config

    @property
    def device(self):
        return torch.device("cpu")


class Output:
    def __init__(self, **members):
        self.__dict__.update(members)


class Register:
    @staticmethod
    def register(*args, **kwargs):
        pass


def stand_in_for_transformers():
    torch.nn.functional.scaled_dot_product_attention = attention
    for name in ("enable_flash_sdp", "enable_mem_efficient_sdp", "enable_math_sdp"):
        setattr(torch.backends.cuda, name, lambda enabled: None)
    module("transformers", PreTrainedModel=PreTrainedModel, PretrainedConfig=PretrainedConfig, AutoConfig=Register,
           AutoTokenizer=Register)
    module("transformers.modeling_outputs", CausalLMOutputWithPast=Output)
    module("transformers.models")
    module("transformers.models.auto", AutoModel=Register)
    module("transformers.cache_utils", Cache=object)


class Anything(types.ModuleType):
    """A module of which everything can be imported and nothing is used."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class StandInFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    REAL = {"diffusers.models." + name for name in
            ("resnet", "downsampling", "upsampling", "activations", "autoencoders.vae", "autoencoders.vq_model",
             "unets.unet_2d_blocks")}

    def find_spec(self, name, path=None, target=None):
        if not name.startswith("diffusers"):
            return None
        if name in self.REAL:
            file = os.path.join(DIFFUSERS, "src", *name.split(".")) + ".py"
            return importlib.util.spec_from_file_location(name, file)
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        made = Anything(spec.name)
        made.__path__ = []
        return made

    def exec_module(self, made):
        pass


def stand_in_for_diffusers():
    sys.meta_path.insert(0, StandInFinder())
    utils = importlib.import_module("diffusers.utils")

    class BaseOutput:
        pass

    class Logging:
        @staticmethod
        def get_logger(name):
            return None

    utils.BaseOutput = BaseOutput
    utils.logging = Logging
    utils.deprecate = lambda *args, **kwargs: None
    utils.is_torch_npu_available = lambda: False
    imports = importlib.import_module("diffusers.utils.import_utils")
    imports.is_torch_npu_available = lambda: False
    imports.is_torch_version = lambda operation, version: operation in (">=", ">")
    importlib.import_module("diffusers.utils.accelerate_utils").apply_forward_hook = lambda f: f
    importlib.import_module("diffusers.models.modeling_utils").ModelMixin = torch.nn.Module
    configuration = importlib.import_module("diffusers.configuration_utils")
    configuration.ConfigMixin = type("ConfigMixin", (), {})

    def register_to_config(init):
        def wrapped(self, **kwargs):
            torch.nn.Module.__init__(self)
            self.__dict__["config"] = Output(**{"lookup_from_codebook": False, "norm_type": "group", **kwargs})
            init(self, **kwargs)
        return wrapped

    configuration.register_to_config = register_to_config


# ---------------------------------------------------------------------------------------------------- VQ
VQ_CONFIG = {
    "_class_name": "VQModel", "_diffusers_version": "0.27.0", "act_fn": "silu", "block_out_channels": [8, 8, 16, 16, 24],
    "down_block_types": ["DownEncoderBlock2D"] * 5, "force_upcast": True, "in_channels": 3, "latent_channels": 8,
    "layers_per_block": 2, "lookup_from_codebook": True, "mid_block_add_attention": False, "norm_num_groups": 4,
    "norm_type": "group", "num_vq_embeddings": CODES, "out_channels": 3, "sample_size": 32, "scaling_factor": 0.18215,
    "up_block_types": ["UpDecoderBlock2D"] * 5, "vq_embed_dim": 8,
}


def randomise(network, generator, scale=1.0):
    for name, p in sorted(network.named_parameters()):
        if p.dim() == 1 and ("norm" in name) and name.endswith("weight"):
            values = 1 + 0.3 * torch.randn(p.shape, generator=generator)
        elif p.dim() == 1:
            values = 0.2 * torch.randn(p.shape, generator=generator)
        else:
            fan = p[0].numel()
            values = scale * torch.randn(p.shape, generator=generator) / math.sqrt(fan)
        p.data.copy_(values.to(torch.bfloat16).float())


def make_vq():
    from diffusers.models.autoencoders.vq_model import VQModel
    settings = {k: v for k, v in VQ_CONFIG.items() if not k.startswith("_")}
    generator = torch.Generator().manual_seed(11)
    vq = VQModel(**settings).eval()
    randomise(vq, generator)
    with torch.no_grad():
        vq.quant_conv.weight.mul_(3)
        vq.decoder.conv_out.weight.mul_(0.3)
        vq.decoder.conv_out.bias.add_(0.4)
        for p in vq.parameters():
            p.copy_(p.to(torch.bfloat16).float())
        # A codebook where the latents are, so that many codes occur.
        noise = torch.nn.functional.interpolate(torch.rand((4, 3, 16, 16), generator=generator), scale_factor=8)
        z = vq.encode(noise).latents.permute(0, 2, 3, 1).reshape(-1, 8)
        codebook = z.mean(0) + z.std(0) * torch.randn((CODES, 8), generator=generator)
        vq.quantize.embedding.weight.copy_(codebook.to(torch.bfloat16).float())
    folder = os.path.join(OUT, "models/vqmodel_tiny")
    write_json(os.path.join(folder, "config.json"), VQ_CONFIG)
    write_safetensors(os.path.join(folder, "diffusion_pytorch_model.safetensors"),
                      {k: v.to(torch.bfloat16) for k, v in vq.state_dict().items()})
    return vq


def record_vq(vq):
    double = copy.deepcopy(vq).double()
    folder = os.path.join(OUT, "image_tokenizer")
    for height, width, batch, seed in ((48, 80, 1, 1), (64, 32, 2, 2)):
        for attempt in range(1000):
            generator = torch.Generator().manual_seed(seed * 1000 + attempt)
            coarse = torch.rand((batch, 3, height // 8, width // 8), generator=generator)
            bytes_ = (torch.nn.functional.interpolate(coarse, scale_factor=8, mode="bilinear") * 0.8
                      + 0.2 * torch.rand((batch, 3, height, width), generator=generator)).mul(255).round()
            with torch.no_grad():
                z = vq.encode(bytes_ / 255).latents
                wide = double.encode(bytes_.double() / 255).latents
                rows = wide.permute(0, 2, 3, 1).reshape(-1, wide.shape[1])
                nearest = torch.cdist(rows, double.quantize.embedding.weight).sort(dim=1).values
                if (nearest[:, 1] - nearest[:, 0]).min() < 0.01:
                    continue
                codes = vq.quantize(z)[2][2].view(batch, -1)
                assert torch.equal(codes, double.quantize(wide)[2][2].view(batch, -1))
                shape = (batch, height // CELL, width // CELL, z.shape[1])
                entries = vq.quantize.get_codebook_entry(codes.view(-1), shape)
                decoded = vq.decode(codes.view(batch, *shape[1:3]), force_not_quantize=True, shape=shape).sample
            break
        else:
            raise SystemExit("no picture without close calls")
        print("vq", height, width, "different codes", len(codes.unique()), "f32 - f64",
              float((z.double() - wide).abs().max()), "decoded", float(decoded.min()), float(decoded.max()))
        # Pixels of this project's graphs are in [-1, 1], the original's in [0, 1].
        write_safetensors(os.path.join(folder, f"vqmodel_tiny.encode_decode_{height}x{width}_batch{batch}.safetensors"), {
            "pixel_values": bytes_ / 127.5 - 1, "latents": z, "codes": codes, "quantized": entries,
            "decoded": decoded * 2 - 1,
            "decoded_uint8": (decoded.clip(0, 1).permute(0, 2, 3, 1) * 255).round().to(torch.uint8)})


# ---------------------------------------------------------------------------------------------------- denoiser
CONFIG = {
    "activation_type": "silu", "alibi": False, "alibi_bias_max": 8.0, "architectures": ["LLaDAForMultiModalGeneration"],
    "attention_dropout": 0.0, "attention_layer_norm": False, "attention_layer_norm_with_affine": True,
    "bias_for_layer_norm": False, "block_group_size": 1, "block_type": "llama", "d_model": 48, "embedding_dropout": 0.0,
    "embedding_size": VOCABULARY, "eos_token_id": END, "flash_attention": False, "include_bias": False,
    "include_qkv_bias": False, "init_cutoff_factor": None, "init_device": "meta", "init_fn": "mitchell", "init_std": 0.02,
    "input_emb_norm": False, "layer_norm_type": "rms", "layer_norm_with_affine": True, "mask_token_id": MASK,
    "max_sequence_length": 128, "mlp_hidden_size": 80, "mlp_ratio": 4, "multi_query_attention": None, "n_heads": 4,
    "n_kv_heads": 4, "n_layers": 2, "pad_token_id": END, "precision": "amp_bf16", "residual_dropout": 0.0,
    "rms_norm_eps": 1e-5, "rope": True, "rope_full_precision": True, "rope_theta": 500000.0, "scale_logits": False,
    "use_cache": False, "vocab_size": VOCABULARY, "weight_tying": False,
}


def make_denoiser():
    from model import LLaDAForMultiModalGeneration
    from model.configuration_llada import LLaDAConfig
    model = LLaDAForMultiModalGeneration(LLaDAConfig(**CONFIG)).eval()
    generator = torch.Generator().manual_seed(5)
    for name, p in sorted(model.named_parameters()):
        if p.dim() == 1:
            values = 1 + 0.3 * torch.randn(p.shape, generator=generator)
        else:
            scale = {"wte": 0.1 * math.sqrt(p.shape[1])}.get(name.split(".")[-2], 1.0)
            scale = 1.6 if "q_proj" in name or "k_proj" in name else scale
            # The head: logits with clear winners.
            scale = 2.2 if name.endswith("transformer.ff_out.weight") else scale
            values = scale * torch.randn(p.shape, generator=generator) / math.sqrt(p.shape[1])
        p.data.copy_(values.to(torch.bfloat16).float())
    folder = os.path.join(OUT, "models/lumina_tiny")
    names = {k: v.to(torch.bfloat16) for k, v in model.state_dict().items()}
    write_safetensors(os.path.join(folder, "model.safetensors"), names)
    # "codebook_size" is not in any release, where it is 8192.
    write_json(os.path.join(folder, "config.json"), {**CONFIG, "model_type": "llada", "codebook_size": CODES})
    with open(TOKENIZER) as file:
        tokenizer = json.load(file)
    by_id = {token["id"]: token for token in tokenizer["added_tokens"]}
    for name, id_ in IDS.items():
        if id_ not in by_id:
            by_id[id_] = {**by_id[END], "id": id_}
        by_id[id_]["content"] = name
    tokenizer["added_tokens"] = [by_id[i] for i in sorted(by_id)]
    write_json(os.path.join(folder, "tokenizer.json"), tokenizer)
    return model


def record_logits(model):
    generator = torch.Generator().manual_seed(3)
    ids = torch.randint(0, VOCABULARY, (1, 23), generator=generator)
    ids[0, 5:12] = MASK
    hidden = []
    hook = model.model.transformer.blocks[0].register_forward_hook(lambda m, i, o: hidden.append(o[0]))
    with torch.no_grad():
        logits = model(ids, infer=True).logits
    hook.remove()
    write_safetensors(os.path.join(OUT, "denoiser/lumina_tiny.len23_batch1.safetensors"),
                      {"input_ids": ids, "logits": logits, "hidden_after_block0": hidden[0]})
    print("logits up to", float(logits.abs().max()))


# ---------------------------------------------------------------------------------------------------- traces
def words(text):
    """Ids of a text as bytes: the tokenizer's first 256 pieces. What a text's ids are is tested elsewhere."""
    return [b + 10 for b in text.encode()]


def prompt_ids(text):
    """Ids of a prompt of the original code, special tokens in it being single ids."""
    ids = []
    while text:
        found = [(text.find(name), name) for name in IDS if name in text]
        at, name = min(found) if found else (len(text), "")
        ids += words(text[:at]) + ([IDS[name]] if name else [])
        text = text[at + len(name):]
    return ids


class CloseCall(Exception):
    pass


def record_drawing(model, case, grid, steps, cfg, temperature, known):
    from generators import image_generation_generator as original
    from utils import generation_utils, prompt_utils
    add_break_line = importlib.import_module("image_functions").add_break_line
    height, width = grid
    count = height * width
    text = "a red fox"
    templates = {"image_generation": "Generate"}
    with_words, without = prompt_utils.generate_text_to_image_prompt(text, templates)
    given = [MASK] * count
    generator = torch.Generator().manual_seed(count + len(known))
    for place in known:
        given[place] = OFFSET + int(torch.randint(0, CODES, (1,), generator=generator))
    rows = add_break_line(given, height, width, new_number=IDS["<end-of-line>"])
    start = prompt_ids(with_words)
    row = start + [IDS["<answer>"], IDS["<IMAGE>"]] + rows + [IDS["</IMAGE>"], IDS["</answer>"]]
    code_start = len(start) + 2
    for attempt in range(3000):
        torch.manual_seed(attempt)
        trace, inputs = [], []

        def seen(model_, x, *args, **kwargs):
            if x.shape[1] > 1:
                inputs.append(x[0].tolist())
            return type(model).forward(model_, x, *args, **kwargs)

        def sample(logits, tau=1.0, *, generator=None):
            drawn = generation_utils.gumbel_max_sample(logits, tau, generator=generator)
            trace.append({"draws": drawn[0], "probs": torch.softmax(logits, -1).gather(-1, drawn[..., None])[0, :, 0],
                          "logits": logits[0]})
            return drawn

        def remask(mask_len, probs, *, temperature=1.0, generator=None):
            rand_like = torch.rand_like
            torch.rand_like = lambda t: trace[-1].setdefault("uniforms", rand_like(t))
            try:
                selected = generation_utils.mask_by_random_topk(mask_len, probs, temperature=temperature,
                                                                generator=generator)
            finally:
                torch.rand_like = rand_like
            u = trace[-1]["uniforms"].double()
            order = (torch.log(probs.double()) - temperature * torch.log(-torch.log(u))).sort().values[0]
            k = int(mask_len)
            if 0 < k < len(order) and order[k] - order[k - 1] < 0.004:
                raise CloseCall
            trace[-1]["remasked"] = selected[0]
            return selected

        original.gumbel_max_sample, original.mask_by_random_topk = sample, remask
        model.forward = types.MethodType(seen, model)
        try:
            codes = original.generate_image(
                model, torch.tensor([row]), seq_len=count, newline_every=width, timesteps=steps, mask_token_id=MASK,
                newline_id=IDS["<end-of-line>"], temperature=temperature, cfg_scale=cfg,
                uncon_ids=torch.tensor([prompt_ids(without)]), code_start=code_start, codebook_size=CODES)
            break
        except CloseCall:
            continue
        finally:
            del model.forward
    else:
        raise SystemExit("no run without close calls")
    # By step and code; -1 and 0 where a code was known already.
    draws = torch.full((len(trace), count), -1, dtype=torch.int64)
    uniforms = torch.zeros((len(trace), count))
    probs = torch.zeros((len(trace), count))
    after = torch.zeros((len(trace), count), dtype=torch.int64)
    now = torch.tensor(given)
    for i, step in enumerate(trace):
        places = (now == MASK).nonzero()[:, 0]
        draws[i, places], uniforms[i, places], probs[i, places] = step["draws"], step["uniforms"][0], step["probs"]
        now[places] = torch.where(step["remasked"], torch.tensor(MASK), step["draws"] + OFFSET)
        after[i] = now
    assert torch.equal(after[-1], codes[0]), (after[-1], codes)
    name = f"lumina_tiny.generate_image.{case}"
    tensors = {"draws": draws, "uniforms": uniforms, "selected_probs": probs, "image_ids_after_step": after}
    if case.startswith("3x5"):
        tensors["step0_logits"] = trace[0]["logits"]
    write_safetensors(os.path.join(OUT, "lumina", name + ".safetensors"), tensors)
    write_json(os.path.join(OUT, "lumina", name + ".json"), {
        "data": name + ".safetensors", "grid": [height, width], "steps": steps, "cfg_scale": cfg,
        "temperature": temperature, "drawing_prompt": words(templates["image_generation"]), "words": words(text),
        "given": given, "input_ids": row, "code_start": code_start, "first_passes": inputs[:2 if cfg > 0 else 1],
        "last_pass": inputs[-1], "codes": (codes[0] - OFFSET).tolist()})
    print(name, "passes", len(inputs), "seed", attempt)


def record_understanding(model, vq_codes, case, grid, length, block, steps, cfg):
    from generators import text_understanding_generator as original
    from utils import generation_utils, prompt_utils
    add_break_line = importlib.import_module("image_functions").add_break_line
    height, width = grid
    for attempt in range(3000):
        generator = torch.Generator().manual_seed(attempt)
        codes = torch.randint(0, CODES, (height * width,), generator=generator).tolist()
        question = "what" + "?" * (1 + attempt % 3)
        text = prompt_utils.generate_multimodal_understanding_prompt(question).replace(
            prompt_utils.create_prompt_templates()["text_understanding"], "Answer")
        prompt = prompt_ids(text)
        # As encode_img_with_breaks puts it; inference_mmu adds line breaks to that once more, which loses the picture's end.
        picture = [IDS["<IMAGE>"]] + add_break_line([OFFSET + c for c in codes], height, width,
                                                    new_number=IDS["<end-of-line>"]) + [IDS["</IMAGE>"]]
        question_row = prompt[:-1] + picture + prompt[-1:]
        row = question_row + [IDS["<answer>"]] + [MASK] * length + [IDS["</answer>"]]
        code_start = len(question_row) + 1
        trace = []
        rows_before = []

        def noise(logits, temperature):
            result = generation_utils.add_gumbel_noise(logits, temperature)
            x = rows_before[-1]
            at = (x[0] == MASK).nonzero()[:, 0]
            block_end = code_start + (len(trace) // (steps // (length // block)) + 1) * block
            at = at[at < block_end]
            top = logits[0, at].double().topk(2, dim=-1).values
            confidence = torch.softmax(logits[0, at].double(), -1).max(-1).values.sort(descending=True).values
            k = min(len(at), max(1, block // (steps // (length // block))))
            gap = float((confidence[:-1] - confidence[1:]).min() / confidence[0]) if len(at) > 1 else 1.0
            if float((top[:, 0] - top[:, 1]).min()) < 0.01 or gap < 0.0005:
                raise CloseCall
            trace.append(x[0].tolist())
            return result

        def seen(model_, x, *args, **kwargs):
            rows_before.append(x[:1].clone())
            return type(model).forward(model_, x, *args, **kwargs)

        original.add_gumbel_noise = noise
        model.forward = types.MethodType(seen, model)
        try:
            final = original.generate_text_understanding(
                model, torch.tensor([row]), steps=steps, gen_length=length, block_length=block, temperature=0.0,
                cfg_scale=cfg, mask_id=MASK, code_start=code_start)
            break
        except CloseCall:
            continue
        finally:
            del model.forward
    else:
        raise SystemExit("no answer without close calls")
    name = f"lumina_tiny.text_understanding.{case}"
    write_json(os.path.join(OUT, "lumina", name + ".json"), {
        "grid": [height, width], "codes": codes, "prompt": prompt, "input_ids": row, "length": length, "block": block,
        "steps": steps, "cfg_scale": cfg, "before_step": trace, "final": final[0].tolist()})
    print(name, "passes", len(trace), "seed", attempt)


def record_shapes(original):
    """Which size a picture is cut to: the original's list, and the choice in its var_center_crop."""
    original.center_crop = lambda picture, size: size
    original.random = importlib.import_module("random")
    cases = []
    for side in (64, 256, 512, 1024):
        sizes = original.generate_crop_size_list((side // 32) ** 2, 32)
        for width, height in ((640, 480), (480, 640), (100, 100), (1, 999), (999, 1), (1920, 1080), (333, 777), (64, 32)):
            chosen = original.var_center_crop(Output(size=(width, height)), crop_size_list=sizes)
            cases.append({"patches": (side // 32) ** 2, "picture": [height, width], "chosen": [chosen[1], chosen[0]]})
    write_json(os.path.join(OUT, "lumina", "shapes.json"), {"patch": 32, "cases": cases})


def main():
    stand_in_for_transformers()
    stand_in_for_diffusers()
    sys.path.insert(0, LUMINA)
    # Of utils/image_utils.py only these functions, which the file's imports would keep out of reach.
    with open(os.path.join(LUMINA, "utils/image_utils.py")) as file:
        source = file.read()
    functions = module("image_functions")
    for name in ("var_center_crop", "generate_crop_size_list", "add_break_line"):
        begin = source.index("def " + name)
        exec(source[begin:source.index("\ndef ", begin)], functions.__dict__)
    record_shapes(functions)
    vq = make_vq()
    record_vq(vq)
    model = make_denoiser()
    record_logits(model)
    with torch.no_grad():
        record_drawing(model, "3x5_6steps_cfg4", (3, 5), 6, 4.0, 1.0, [])
        record_drawing(model, "4x4_9steps_nocfg_temp0.5", (4, 4), 9, 0.0, 0.5, [])
        record_drawing(model, "5x3_7steps_cfg2_known", (5, 3), 7, 2.0, 1.0, [0, 1, 2, 7, 14])
        record_understanding(model, None, "2x3_16tokens_2blocks_8steps", (2, 3), 16, 8, 8, 0.0)
        record_understanding(model, None, "3x2_12tokens_5steps_cfg1", (3, 2), 12, 12, 5, 1.0)


main()
