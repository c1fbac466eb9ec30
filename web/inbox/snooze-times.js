// Until when one may want to snooze. Pure; in the time zone of the person.

const MORNING = 9;
const EVENING = 18;
const HOUR = 3_600_000;

// Answers [name of its string, Date] for each.
export function snoozeTimes(now) {
  const evening = at(now, 0, EVENING);
  return [
    ["inAnHour", new Date(Math.ceil((now.getTime() + HOUR) / 60_000) * 60_000)],
    ...(evening - now > HOUR ? [["thisEvening", evening]] : []),
    ["tomorrow", at(now, 1, MORNING)],
    ["nextWeek", at(now, daysToMonday(now), MORNING)],
  ];
}

// By the calendar, not by hours: a day may have 23 or 25.
function at(now, days, hour) {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour);
}

const daysToMonday = (now) => (8 - now.getDay()) % 7 || 7;
