"""Our settings, the bare views beside them and the count of statements in front."""

from benchmarks import settings as product

globals().update({name: value for name, value in vars(product).items() if name.isupper()})
MIDDLEWARE = ["benchmarks.peers.peer.statements.Statements", *product.__dict__["MIDDLEWARE"]]
