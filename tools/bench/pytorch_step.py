"""One SDPO step and greedy generation the way people write them: transformers, PEFT, autograd, torch.optim.

Answers JSON lines like tools/bench/src/server/main.ts (see contestant/messages.ts for the fields), so that both are
measured alternately: {"command": "load" | "step" | "generate" | "limit", "params": {...}}.

Usage: python pytorch_step.py [--threads N] [--lora-dtype float32|bfloat16]
"""

import argparse
import json
import resource
import sys
import time

import torch
import torch.nn.functional as F
from peft import PeftModel
from transformers import AutoModelForCausalLM, StoppingCriteria, StoppingCriteriaList


def now():
    return time.perf_counter() * 1000


def peak_bytes():
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def divergence(student_logits, teacher_logits, alpha):
    """Generalised Jensen-Shannon divergence of each position, over the whole vocabulary."""
    student = F.log_softmax(student_logits, dim=-1)
    teacher = F.log_softmax(teacher_logits, dim=-1)
    if alpha == 0:
        return F.kl_div(student, teacher, reduction="none", log_target=True).sum(-1)
    if alpha == 1:
        return F.kl_div(teacher, student, reduction="none", log_target=True).sum(-1)
    weights = torch.tensor([1 - alpha, alpha]).log()
    mixture = torch.logsumexp(torch.stack([student + weights[0], teacher + weights[1]]), dim=0)
    to_student = F.kl_div(mixture, student, reduction="none", log_target=True).sum(-1)
    to_teacher = F.kl_div(mixture, teacher, reduction="none", log_target=True).sum(-1)
    return (1 - alpha) * to_student + alpha * to_teacher


class FirstToken(StoppingCriteria):
    """Never stops; notes when it was first asked."""

    def __init__(self):
        self.time = None

    def __call__(self, input_ids, scores, **kwargs):
        if self.time is None:
            self.time = now()
        return torch.zeros(input_ids.shape[0], dtype=torch.bool)


class Contestant:
    def __init__(self, lora_dtype):
        self.lora_dtype = lora_dtype
        self.model = None
        self.optimizer = None

    def load(self, params):
        start = now()
        base = AutoModelForCausalLM.from_pretrained(params["model"], dtype=torch.bfloat16)
        measurement = {"ms": now() - start, "peak_bytes": peak_bytes()}
        self.model = PeftModel.from_pretrained(
            base, params["adapter"], is_trainable=True, autocast_adapter_dtype=self.lora_dtype == "float32"
        )
        if params["checkpointing"]:
            base.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
            base.enable_input_require_grads()
        trainable = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(trainable, lr=1e-4, weight_decay=0.01)
        return measurement

    def step(self, params):
        model = self.model
        model.train()
        model.config.use_cache = False
        response = torch.tensor([params["response"]])
        student_ids = torch.cat([torch.tensor([params["prompt"]]), response], dim=1)
        teacher_ids = torch.cat([torch.tensor([params["teacher"]]), response], dim=1)
        length = response.shape[1]
        old_logprobs = torch.tensor([params["old_logprobs"]])
        cpu = time.process_time()
        started = now()
        with torch.no_grad(), model.disable_adapter():
            teacher_logits = model(input_ids=teacher_ids).logits[:, -length - 1 : -1].float()
        taught = now()
        student_logits = model(input_ids=student_ids).logits[:, -length - 1 : -1].float()
        logprobs = F.log_softmax(student_logits, dim=-1).gather(-1, response.unsqueeze(-1)).squeeze(-1)
        ratio = torch.exp(logprobs.detach() - old_logprobs).clamp(max=5.0)
        loss = (ratio * divergence(student_logits, teacher_logits, params["alpha"])).mean()
        turned = now()
        loss.backward()
        differentiated = now()
        grad_norm = torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        ended = now()
        return {
            "teacher_ms": taught - started,
            "forward_ms": turned - taught,
            "backward_ms": differentiated - turned,
            "update_ms": ended - differentiated,
            "total_ms": ended - started,
            "cpu_ms": (time.process_time() - cpu) * 1000,
            "loss": loss.item(),
            "grad_norm": grad_norm.item(),
            "peak_bytes": peak_bytes(),
        }

    def generate(self, params):
        model = self.model
        model.eval()
        model.config.use_cache = True
        prompts = torch.tensor(params["prompts"])
        new_tokens = params["new_tokens"]
        first = FirstToken()
        start = now()
        with torch.no_grad():
            output = model.generate(
                input_ids=prompts,
                attention_mask=torch.ones_like(prompts),
                do_sample=False,
                min_new_tokens=new_tokens,
                max_new_tokens=new_tokens,
                pad_token_id=0,
                stopping_criteria=StoppingCriteriaList([first]),
            )
        end = now()
        assert output.shape[1] == prompts.shape[1] + new_tokens
        return {
            "total_ms": end - start,
            "first_token_ms": first.time - start,
            "tokens_per_second": 1000 * prompts.shape[0] * (new_tokens - 1) / (end - first.time),
            "peak_bytes": peak_bytes(),
        }

    def limit(self, params):
        best = 0
        for m, k, n in ((256, 4096, 12288), (1024, 4096, 4096)):
            a = torch.rand(m, k).to(torch.bfloat16)
            for b in (torch.rand(k, n).to(torch.bfloat16), torch.rand(n, k).to(torch.bfloat16).T):
                for _ in range(params["repetitions"]):
                    start = now()
                    for _ in range(3):
                        a @ b
                    best = max(best, 3 * 2 * m * k * n / (now() - start) / 1e6)
        return {"gflops": best, "format": "BF16"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--lora-dtype", choices=["float32", "bfloat16"], default="float32")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    contestant = Contestant(arguments.lora_dtype)
    commands = {name: getattr(contestant, name) for name in ("load", "step", "generate", "limit")}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"result": commands[request["command"]](request["params"])}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
