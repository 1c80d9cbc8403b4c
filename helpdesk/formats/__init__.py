"""How dates are written where Django chooses the format: as in the templates."""
