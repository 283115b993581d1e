"""A training step of a dense BatchTopK SAE in PyTorch, the yardstick of `synthsae gpu bench --torch`.

Encode, select the B·K largest pre-activations of the batch, decode, squared error, clip, Adam; random data made once.
Prints samples/s as one line of JSON."""

import json
import sys
import time

import torch

B, D, L, K = 1024, 768, 4096, 25
STEPS, WARM_UP = 1000, 100


def rate(autocast):
    torch.manual_seed(0)
    device = torch.device("cuda")
    x = torch.randn(B, D, device=device)
    decoder = torch.nn.Parameter(torch.nn.functional.normalize(torch.randn(L, D, device=device)))
    encoder = torch.nn.Parameter(decoder.detach().t().contiguous())
    encoder_bias = torch.nn.Parameter(torch.zeros(L, device=device))
    decoder_bias = torch.nn.Parameter(torch.zeros(D, device=device))
    parameters = [encoder, decoder, encoder_bias, decoder_bias]
    adam = torch.optim.Adam(parameters, lr=3e-4, fused=True)

    def step():
        with torch.autocast("cuda", torch.bfloat16, enabled=autocast):
            pre = torch.relu((x - decoder_bias) @ encoder + encoder_bias)
            flat = (pre * decoder.norm(dim=1)).flatten()
            top = flat.topk(B * K, sorted=False)
            active = torch.zeros_like(flat).scatter(0, top.indices, pre.flatten()[top.indices])
            out = active.view(B, L) @ decoder + decoder_bias.to(active.dtype)
            loss = (out.float() - x).square().sum(1).mean()
        adam.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        adam.step()

    for _ in range(WARM_UP):
        step()
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(STEPS):
        step()
    torch.cuda.synchronize()
    return B * STEPS / (time.perf_counter() - start)


if not torch.cuda.is_available():
    sys.exit("torch sees no GPU")

torch.backends.cuda.matmul.allow_tf32 = True
rates = {"torch": torch.__version__, "tf32": rate(False), "bf16": rate(True)}
print(json.dumps(rates))
