"""The form that sets the monthly budget of a team."""

from __future__ import annotations

from django import forms

from help.fields import explained_fields
from jobs.models import MonthlyBudget
from jobs.models.monthly_budget import PastBudget
from jobs.services.errors import InvalidFields
from jobs.services.listing import budgets
from teams.models import Team, User


@explained_fields(
    amount_usd="operations#monthly-budget",
    warn_percent="operations#monthly-budget",
    past_budget="operations#monthly-budget",
)
class BudgetForm(forms.Form):
    """The amount, the share that warns, and what happens past it; the service checks them."""

    amount_usd = forms.CharField(
        label="US dollars a month",
        required=False,
        help_text="For the jobs that end in a month of UTC.",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "placeholder": "2000"}),
    )
    warn_percent = forms.CharField(
        label="Warn at, in percent",
        required=False,
        help_text="Rules for “Budget reached” send a message at this share, and at 100 %.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "maxlength": "3"}),
    )
    past_budget = forms.ChoiceField(
        label="Past the budget",
        required=False,
        choices=PastBudget.choices,
        help_text="Held jobs wait until the budget is raised or the month ends.",
    )

    @classmethod
    def of(cls, budget: MonthlyBudget | None) -> BudgetForm:
        """The form with the budget's values, or with the defaults."""
        if budget is None:
            return cls(initial={"warn_percent": budgets.WARN_PERCENT, "past_budget": PastBudget.WARN})
        return cls(
            initial={
                "amount_usd": f"{budget.amount_usd:f}".removesuffix(".00"),
                "warn_percent": budget.warn_percent,
                "past_budget": budget.past_budget,
            }
        )

    def save(self, team: Team, by: User) -> bool:
        """Write the budget of a valid form. False if it was refused; the form then has the reasons."""
        try:
            budgets.set_budget(team, self.cleaned_data, by=by)
        except InvalidFields as error:
            for name, texts in error.fields.items():
                self.add_error(name, texts)
            return False
        return True
