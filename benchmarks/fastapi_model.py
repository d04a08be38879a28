"""The usual way to serve an xgboost model: FastAPI, one row of CSV in, its score out.

Runs in the peers' environment.
"""

import os

import numpy as np
import xgboost
from fastapi import FastAPI, Request, Response

app = FastAPI()
model = xgboost.Booster(model_file=os.environ["MODEL"])


@app.get("/ping")
async def ping() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/invocations")
async def invocations(request: Request) -> Response:
    rows = np.array([line.split(b",") for line in (await request.body()).splitlines()], dtype=np.float32)
    scores = model.predict(xgboost.DMatrix(rows))
    return Response(",".join(str(score) for score in scores), media_type="text/csv")
