"""OpenGradient's own client against a local network, step by step.

`simnet tour` runs it in the client's environment.
Nothing of simnet is imported here. Variables of the environment say where everything is; the last line says ``done``.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import subprocess
import time
from typing import Any

MODEL = "openai/gpt-5"
QUESTION = [{"role": "user", "content": "Is anybody there?"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather somewhere.",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
    },
}
SETTLED_WITHIN_S = 60.0
QUIET_S = 5.0
OPG = 10**18
RELAY_OWNS = 1_000 * OPG
"""What the relay has at the start, in wei."""
RESULTS = 3
"""Of the workflow, that are waited for."""
ERC20 = [
    {
        "name": "balanceOf",
        "type": "function",
        "stateMutability": "view",
        "inputs": [{"name": "account", "type": "address"}],
        "outputs": [{"name": "", "type": "uint256"}],
    }
]


def tell(step: str, what: str) -> None:
    """Print what a step came to."""
    print(f"{step:12}{what}", flush=True)


def check(holds: bool, what: str) -> None:
    """End the tour if something is not as it must be."""
    if not holds:
        raise SystemExit(f"failed: {what}")


async def tour() -> None:
    """Everything that the client can do here."""
    import opengradient as og
    from opengradient.client.llm import LLM

    began = time.time()
    place = {"rpc_url": os.environ["OG_RPC_URL"], "tee_registry_address": os.environ["OG_TEE_REGISTRY"]}
    llm = LLM(private_key=os.environ["OG_PRIVATE_KEY"], **place)
    tee = llm.resolve_tee_connection()
    tell("registry", f"enclave {tee.tee_id[:12]}… at {tee.endpoint}, certificate pinned")
    approval = await asyncio.to_thread(llm.ensure_opg_approval, 5.0)
    check(approval.allowance_after >= 5 * OPG, "the approval is on chain")
    tell("approval", f"Permit2 may take {approval.allowance_after / OPG:g} OPG, transaction {approval.tx_hash}")
    before = balance()

    answer = await llm.chat(model=og.TEE_LLM.GPT_5, messages=QUESTION)
    check(answer.chat_output["content"] == "You said: Is anybody there?", "the answer is the echo")
    tell("chat", f"{answer.chat_output['content']!r}, {answer.usage}; {time.time() - began:.1f} s from the start")
    pieces = [chunk async for chunk in await llm.chat(model=og.TEE_LLM.GPT_5, messages=QUESTION, stream=True)]
    check(pieces[-1].is_final and bool(pieces[-1].tee_signature), "the last piece is signed")
    said = [chunk.choices[0].delta.content for chunk in pieces if chunk.choices[0].delta.content]
    tell("stream", f"{len(said)} pieces: {'|'.join(said)!r}, signed at {pieces[-1].tee_timestamp}")
    called = await llm.chat(model=og.TEE_LLM.GPT_5, messages=QUESTION, tools=[WEATHER])
    (call,) = called.chat_output["tool_calls"]
    check(called.finish_reason == "tool_calls", "the tool is called")
    tell("tools", f"{call['function']['name']}({call['function']['arguments']})")
    wanted = og.ResponseFormat(type="json_object")
    as_json = await llm.chat(model=og.TEE_LLM.GPT_5, messages=QUESTION, response_format=wanted)
    tell("json", str(json.loads(as_json.chat_output["content"])))
    completed = await llm.completion(model=og.TEE_LLM.GPT_5, prompt="Once upon a time")
    check(bool(completed.tee_signature), "the completion is signed")
    tell(
        "completion",
        f"signed; the client reads its text from a field that gateways do not have: {completed.completion_output}",
    )
    await verify(tee)
    await llm.close()
    await asyncio.to_thread(in_private)
    await asyncio.to_thread(on_chain)
    await settlement(before)


async def verify(tee: Any) -> None:
    """Hold an answer against the enclave's key, by the client's own code, and see that a change is found."""
    from opengradient.client import tee_verify

    asked = {"model": MODEL.split("/")[1], "messages": QUESTION, "temperature": 0.0}
    response = (await tee.http_client.post(f"{tee.endpoint}/v1/chat/completions", json=asked, timeout=60)).json()
    key = (await tee.http_client.get(f"{tee.endpoint}/signing-key")).json()
    canonical = tee_verify.build_inner_request(asked)[1]

    def accepts(body: dict[str, Any]) -> bool:
        try:
            tee_verify.verify_response(
                canonical_request=canonical,
                response_body=body,
                response_content=tee_verify.response_content_for_hash(body),
                signing_key_pem=key["public_key"],
                expected_tee_id=key["tee_id"],
            )
        except tee_verify.VerificationError:
            return False
        return True

    check(accepts(response), "the client's own verification accepts the answer")
    changed = json.loads(json.dumps(response))
    changed["choices"][0]["message"]["content"] += "!"
    check(not accepts(changed), "the client's own verification refuses a changed answer")
    tell("verify", "the client's tee_verify accepts the answer, and refuses it with one sign more")


def in_private() -> None:
    """Chat through a relay that pays and cannot read; the client verifies every answer before it gives it out."""
    import opengradient as og
    import requests
    from opengradient.client.tee_ohttp_client import RelayError

    overheard: list[bytes] = []

    class Listening(requests.Session):
        """What the relay sees of the client; it can change answers too."""

        changes = False

        def send(self, request: Any, **how: Any) -> Any:
            overheard.append(request.body)
            response = super().send(request, **how)
            if self.changes:
                sealed = bytearray(response.content)
                sealed[-1] ^= 1
                response._content = bytes(sealed)
            overheard.append(b"" if how.get("stream") else response.content)
            return response

    place = {"rpc_url": os.environ["OG_RPC_URL"], "registry_address": os.environ["OG_TEE_REGISTRY"]}
    session = Listening()
    llm = og.ConfidentialLLM(os.environ["OG_RELAY_URL"], session=session, **place)
    answer = llm.chat(model=MODEL, messages=QUESTION)
    streamed = llm.chat(model=MODEL, messages=QUESTION, stream=True)
    called = llm.chat(model=MODEL, messages=QUESTION, tools=[WEATHER])
    check(answer.content == streamed.content == "You said: Is anybody there?", "private answers are verified")
    check(json.loads(called.content)[0]["function"]["name"] == "weather", "tools are called in private")
    words = (b"anybody", b"gpt-5", b"weather")
    check(not any(word in seen for seen in overheard for word in words), "the relay sees no word of it")
    frames = len(streamed.stream_frames or ())
    tell("private", f"{answer.content!r} and {frames} frames by way of the relay, verified; it saw no word of them")
    session.changes = True
    try:
        llm.chat(model=MODEL, messages=QUESTION)
    except Exception as error:  # what it raises is the client's own business
        tell("tampering", f"an answer that the relay changed is refused: {type(error).__name__}")
    else:
        check(False, "a changed answer is refused")
    session.changes = False
    try:
        llm.chat(model=og.TEE_LLM.GPT_5, messages=QUESTION)
    except RelayError as error:
        sent = str(og.TEE_LLM.GPT_5)
        tell("enum", f"the client sends og.TEE_LLM.GPT_5 as {sent!r}, and is refused ({error.status_code})")


def on_chain() -> None:
    """Have contracts run models: on numbers, on text, and in a workflow that the scheduler runs again and again."""
    import numpy as np
    import opengradient as og
    from opengradient.types import CandleOrder, CandleType, HistoricalInputQuery, SchedulerParams

    alpha = og.Alpha(private_key=os.environ["OG_PRIVATE_KEY"], rpc_url=os.environ["OG_RPC_URL"])
    picture = {"input": np.linspace(0, 1, 64).astype(np.float32)}
    scores = alpha.infer("digits_mlp", og.InferenceMode.VANILLA, picture, max_retries=1).model_output["output"]
    check(scores.shape == (1, 10), "the model gives ten scores")
    tell("infer", f"digits_mlp: class {int(scores.argmax())} of ten, at {float(scores.max()):.4f}")
    words, mean = uploaded("opposite.onnx"), uploaded("mean.onnx")
    asked = {"word": ["good", "green"]}
    found = alpha.infer(words, og.InferenceMode.VANILLA, asked, max_retries=1).model_output["opposite"].tolist()
    check(found == ["bad", "unknown"], "text goes in and comes out")
    tell("upload", f"opposite.onnx is {words[:12]}…: {asked['word']} gives {found}")
    query = HistoricalInputQuery("ETH", "USD", 5, 1, CandleOrder.ASCENDING, [CandleType.HIGH, CandleType.LOW])
    workflow = alpha.new_workflow(mean, query, "candles", SchedulerParams(frequency=1, duration_hours=1))
    first = float(alpha.run_workflow(workflow).numbers["mean"])
    until = time.time() + SETTLED_WITHIN_S
    while len(results(workflow)) < RESULTS and time.time() < until:
        time.sleep(0.5)
    count = len(results(workflow))
    check(count >= RESULTS, f"the scheduler runs the workflow within {SETTLED_WITHIN_S:.0f} s")
    tell("workflow", f"mean of 5 candles, {first:.2f}; run by hand once, and {count - 1} times by the scheduler")


def results(workflow: str) -> list[Any]:
    """What a workflow has emitted so far."""
    from web3 import HTTPProvider, Web3

    chain = Web3(HTTPProvider(os.environ["OG_RPC_URL"]))
    return list(chain.eth.get_logs({"address": Web3.to_checksum_address(workflow), "fromBlock": 0}))


def uploaded(name: str) -> str:
    """Id of a model, once simnet has uploaded it."""
    command = [*shlex.split(os.environ["SIMNET"]), "upload", os.path.join(os.environ["SIMNET_MODELS"], name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    check(done.returncode == 0, done.stderr)
    return done.stdout.split()[-1]


async def settlement(before: int) -> None:
    """Wait until the gateway has collected what it is owed, on the payment chain, and takes no more."""
    paid, until, still_since = 0, time.time() + SETTLED_WITHIN_S, time.time()
    while time.time() < until and not (paid and time.time() - still_since > QUIET_S):
        await asyncio.sleep(0.5)
        if (found := before - balance()) != paid:
            paid, still_since = found, time.time()
    check(paid > 0, f"the payment is collected within {SETTLED_WITHIN_S:.0f} s")
    relayed = RELAY_OWNS - balance(os.environ["OG_RELAY_ADDRESS"])
    check(relayed > 0, "the relay pays for what is private")
    tell("settlement", f"{paid} wei of OPG collected on the payment chain, and {relayed} of the relay")


def balance(account: str = "") -> int:
    """OPG of an account, or of this client's, in wei."""
    from web3 import HTTPProvider, Web3

    chain = Web3(HTTPProvider(os.environ["BASE_MAINNET_RPC"]))
    token = chain.eth.contract(address=Web3.to_checksum_address(os.environ["OPG_ADDRESS"]), abi=ERC20)
    return int(token.functions.balanceOf(Web3.to_checksum_address(account or os.environ["OG_ADDRESS"])).call())


if __name__ == "__main__":
    asyncio.run(tour())
    print("done")
